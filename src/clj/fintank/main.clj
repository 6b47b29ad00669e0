(ns fintank.main
  "The JVM's way in.

    fintank.main run --seconds N --config FILE.json   the topology in this process, for N seconds (0: till a signal)
    fintank.main thrift FILE                          the topology's Thrift, for `sparse submit`"
  (:require [clojure.java.io :as io]
            [order-flow])
  (:import [java.io FileOutputStream]
           [java.util Map]
           [net.minidev.json JSONValue]
           [org.apache.logging.log4j Level]
           [org.apache.logging.log4j.core.config Configurator]
           [org.apache.storm LocalCluster LocalCluster$Builder]
           [org.apache.storm.thrift TSerializer]
           [sun.misc Signal SignalHandler])
  (:gen-class))

(def ^:private topology-name "order_flow")

(defn- say [& words]
  (println (apply str words))
  (flush))

(defn- refuse
  "Ends the program with a line on stderr."
  [& words]
  (binding [*out* *err*]
    (println (apply str words)))
  (System/exit 2))

(defn- cluster
  "A Storm cluster of one worker in this process."
  ^LocalCluster []
  (.. (LocalCluster$Builder.)
      (withSupervisors 1)
      (withPortsPerSupervisor 1)
      ;; Storm's local mode turns the time-outs off, and a tuple lost in a bolt would never come back.
      (withDaemonConf "topology.enable.message.timeouts" true)
      build))

(defn- on-signals [handle]
  (doseq [name ["INT" "TERM"]]
    (Signal/handle (Signal. name) (reify SignalHandler (handle [_ _] (handle))))))

(defn- silence
  "Storm tells of every Python process that ends before its bolt, with stack traces: none of it is news at the end."
  []
  (Configurator/setAllLevels "" Level/OFF))

(defn- wait-children-gone
  "Waits until the Python processes are gone, and kills what is left after some seconds."
  []
  (let [children (fn [] (iterator-seq (.iterator (.descendants (java.lang.ProcessHandle/current)))))]
    (loop [tries 30]
      (when-let [left (seq (children))]
        (if (zero? tries)
          (run! #(.destroyForcibly ^java.lang.ProcessHandle %) left)
          (do (Thread/sleep 100)
              (recur (dec tries))))))))

(defn- run
  "Runs the topology for some seconds (0: till a signal) and ends the program."
  [seconds options]
  (Configurator/reconfigure (.toURI (io/resource "fintank/log4j2-run.xml")))
  (let [stop (promise)
        ended (promise)]
    (on-signals #(do (silence) (deliver stop :signal)))
    ;; A bolt that died ends the program with Storm's own exit status, unless the end was asked for.
    (.addShutdownHook (Runtime/getRuntime) (Thread. #(when (realized? stop) (deref ended 15000 nil))))
    (let [cluster (cluster)]
      (.submitTopology cluster ^String topology-name ^Map options (order-flow/order-flow))
      (say topology-name " runs" (if (zero? seconds) "" (str " for " seconds " seconds")) ": Ctrl-C ends it")
      (if (zero? seconds)
        @stop
        (deref stop (* 1000 seconds) nil))
      (deliver stop :time)
      (silence)
      (.close cluster)
      (wait-children-gone)
      (say topology-name " ended")
      (deliver ended true)
      (.halt (Runtime/getRuntime) 0))))

(defn- write-thrift [file]
  (with-open [out (FileOutputStream. ^String file)]
    (.write out (.serialize (TSerializer.) (order-flow/order-flow)))))

(defn- read-options [file]
  (merge order-flow/options (JSONValue/parseWithException (slurp file))))

(defn -main [& arguments]
  (let [[command & more] arguments]
    (case command
      "run" (let [{:strs [--seconds --config]} (apply hash-map more)]
              (run (parse-long --seconds) (read-options --config)))
      "thrift" (write-thrift (first more))
      (refuse "usage: fintank.main run --seconds N --config FILE.json | fintank.main thrift FILE"))))
