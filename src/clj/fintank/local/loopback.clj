(ns fintank.local.loopback
  "Keeps the ports of a local Storm cluster on 127.0.0.1: Storm listens on every address and has no option for
  that. Each class extends Storm's, closes its listener and opens it again on 127.0.0.1.

  fintank.local.loopback.Thrift (storm.thrift.transport) is for Nimbus and Supervisors,
  fintank.local.loopback.Netty (storm.messaging.transport) for workers."
  (:import [clojure.lang Reflector]
           [java.lang.reflect Field]
           [java.net InetSocketAddress]
           [org.apache.storm.security.auth SimpleTransportPlugin]
           [org.apache.storm.shade.io.netty.bootstrap ServerBootstrap]
           [org.apache.storm.shade.io.netty.channel.group ChannelGroup]
           [org.apache.storm.thrift.server TServer]
           [org.apache.storm.thrift.transport TNonblockingServerSocket TServerTransport]))

(gen-class :name fintank.local.loopback.Thrift
           :extends org.apache.storm.security.auth.SimpleTransportPlugin
           :exposes-methods {getServer superGetServer}
           :prefix "thrift-")

(gen-class :name fintank.local.loopback.Netty
           :extends org.apache.storm.messaging.netty.Context
           :exposes-methods {bind superBind}
           :prefix "netty-")

(defn- loopback ^InetSocketAddress [port]
  (InetSocketAddress. "127.0.0.1" (int port)))

(defn- field ^Field [^Class of ^String name]
  (doto (.getDeclaredField of name) (.setAccessible true)))

(defn- call
  "Calls a method of a class that exists only once this file is compiled, so no type hint can name it."
  [object ^String method & arguments]
  (Reflector/invokeInstanceMethod object method (to-array arguments)))

(defn thrift-getServer [^SimpleTransportPlugin this processor]
  (let [server (call this "superGetServer" processor)
        transport (field TServer "serverTransport_")]
    (.close ^TServerTransport (.get transport server))
    (.set transport server (TNonblockingServerSocket. (loopback (.getPort this))))
    server))

(def ^:const bind-attempts-max 200)

(defn- bind
  "Binds as soon as the port is free: a closed listener keeps it until its selector deregisters, a moment later."
  [^ServerBootstrap bootstrap ^InetSocketAddress address]
  (loop [attempts-left bind-attempts-max]
    (let [bound (.awaitUninterruptibly (.bind bootstrap address))]
      (cond
        (.isSuccess bound) (.channel bound)
        (zero? attempts-left) (throw (.cause bound))
        :else (do (Thread/sleep 50)
                  (recur (dec attempts-left)))))))

(defn netty-bind [this topology-id port callback response]
  (let [server (call this "superBind" topology-id (int port) callback response)
        listeners ^ChannelGroup (.get (field (class server) "allChannels") server)
        bootstrap (.get (field (class server) "bootstrap") server)]
    (.awaitUninterruptibly (.close listeners))
    (.add listeners (bind bootstrap (loopback port)))
    server))
