(ns fintank.local.main
  "The main class.

    fintank.local.main run --seconds N --config FILE.json
      runs the topology in this process for N seconds (0: until a signal), with the Storm options of a JSON file
    fintank.local.main thrift FOLDER SCALE
      writes topology.thrift and the topology's options.json, for `sparse submit`

  SCALE, and the option fintank.scale of FILE.json, is the scale as JSON."
  (:require [clojure.java.io :as io]
            [fintank.local.run :as local]
            [order-flow])
  (:import [java.io FileOutputStream IOException]
           [java.util Map]
           [net.minidev.json JSONValue]
           [net.minidev.json.parser ParseException]
           [org.apache.storm.thrift TSerializer])
  (:gen-class))

(def ^:private usage
  "usage: fintank.local.main run --seconds N --config FILE.json | fintank.local.main thrift FOLDER SCALE")

(defn- refuse
  "Ends the program with an error message."
  [& words]
  (binding [*out* *err*]
    (println (apply str words)))
  (System/exit 2))

(defn- read-options
  "The topology's options, overridden by those of a JSON file."
  [file]
  (try
    (let [given (JSONValue/parseWithException ^String (slurp file))]
      (if (instance? Map given)
        (merge order-flow/options given)
        (refuse file " is not a JSON object of Storm options")))
    (catch IOException problem
      (refuse "can't read the options: " (ex-message problem)))
    (catch ParseException problem
      (refuse file " is not JSON: " (ex-message problem)))))

(defn- tasks
  "The number of tasks by component's id, from the scale as JSON."
  [^String scale]
  (into {} (get (JSONValue/parseWithException scale) "tasks")))

(defn- write-thrift
  "Run from the sources, so the class of the worker hook is compiled first: the folder is on the class path."
  [folder scale]
  (binding [*compile-path* folder]
    (compile 'fintank.storm.worker-exit))
  (spit (io/file folder "options.json") (JSONValue/toJSONString order-flow/options))
  (with-open [out (FileOutputStream. (io/file folder "topology.thrift"))]
    (.write out (.serialize (TSerializer.) (order-flow/order-flow (tasks scale))))))

(defn -main [& arguments]
  (let [[command & [name-1 value-1 name-2 value-2]] arguments
        given {name-1 value-1, name-2 value-2}
        seconds (some-> (get given "--seconds") parse-long)
        file (get given "--config")]
    (cond
      (and (= command "run") (nat-int? seconds) file)
      (let [options (read-options file)]
        (local/run "order_flow" (order-flow/order-flow (tasks (get options "fintank.scale"))) options seconds))

      (and (= command "thrift") name-1 value-1)
      (write-thrift name-1 value-1)

      :else (refuse usage))))
