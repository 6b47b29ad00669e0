(ns fintank.loopback
  "Keeps the ports of a Storm on one machine to that machine: Storm itself listens on every address and has no
  option for it. Each class is Storm's own, whose listener is closed and opened again on 127.0.0.1.

  fintank.loopback.Thrift (storm.thrift.transport) is for Nimbus and Supervisors, fintank.loopback.Netty
  (storm.messaging.transport) for workers."
  (:import [java.lang.reflect Field]
           [java.net InetSocketAddress]
           [org.apache.storm.shade.io.netty.bootstrap ServerBootstrap]
           [org.apache.storm.shade.io.netty.channel ChannelFuture]
           [org.apache.storm.shade.io.netty.channel.group ChannelGroup]
           [org.apache.storm.thrift.server TServer]
           [org.apache.storm.thrift.transport TNonblockingServerSocket TServerTransport]))

(gen-class :name fintank.loopback.Thrift
           :extends org.apache.storm.security.auth.SimpleTransportPlugin
           :exposes-methods {getServer superGetServer}
           :prefix "thrift-")

(gen-class :name fintank.loopback.Netty
           :extends org.apache.storm.messaging.netty.Context
           :exposes-methods {bind superBind}
           :prefix "netty-")

(defn- loopback ^InetSocketAddress [port]
  (InetSocketAddress. "127.0.0.1" (int port)))

(defn- field ^Field [^Class of ^String name]
  (doto (.getDeclaredField of name) (.setAccessible true)))

(defn thrift-getServer [^fintank.loopback.Thrift this processor]
  (let [server (.superGetServer this processor)
        transport (field TServer "serverTransport_")]
    (.close ^TServerTransport (.get transport server))
    (.set transport server (TNonblockingServerSocket. (loopback (.getPort this))))
    server))

(defn netty-bind [^fintank.loopback.Netty this topology-id port callback response]
  (let [server (.superBind this topology-id port callback response)
        listeners ^ChannelGroup (.get (field (class server) "allChannels") server)
        bootstrap ^ServerBootstrap (.get (field (class server) "bootstrap") server)]
    (.awaitUninterruptibly (.close listeners))
    (.add listeners (.channel ^ChannelFuture (.sync (.bind bootstrap (loopback port)))))
    server))
