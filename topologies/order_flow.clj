(ns order-flow
  "The graph: what reads, what it feeds, and how the tuples are shared out.

  A spec's first map is its input: the id of a component (or [id stream]) -> a grouping.
  A list of fields as the grouping sends equal values to the same task; :shuffle sends anywhere."
  (:require [fintank.dsl :refer [kafka-writer python-bolt topology]]
            [fintank.spouts.kafka-batch :refer [kafka-batch]]
            [org.apache.storm.clojure :refer [bolt-spec spout-spec]])
  (:import [org.apache.storm.generated StormTopology]))

(def rejects ["key" "message"])

(def spouts
  {"tick-spout"
   (spout-spec (kafka-batch "ticks" "read_uncommitted"))})

(def bolts
  {"tick-deserializer"
   (bolt-spec {"tick-spout" ["topic" "partition"]}
              (python-bolt "fintank.bolts.tick_deserializer.TickDeserializer"
                           {"default" ["topic" "partition" "offsets" "lines"]
                            "rejects" rejects}))

   "tick-influxdb-loader"
   (bolt-spec {"tick-deserializer" :shuffle}
              (python-bolt "fintank.bolts.tick_influxdb_loader.TickInfluxdbLoader"
                           {"rejects" rejects}))

   "reject-writer"
   (bolt-spec {["tick-spout" "rejects"] :shuffle
               ["tick-deserializer" "rejects"] :shuffle
               ["tick-influxdb-loader" "rejects"] :shuffle}
              (kafka-writer "rejects"))})

(def options
  "Storm's options, which config.json and `sparse run -o` win over.
  No topology.max.spout.pending: the spouts bound themselves, by records and bytes."
  {"topology.workers" 1
   "topology.acker.executors" 1
   "topology.message.timeout.secs" 120
   "topology.subprocess.timeout.secs" 120
   "topology.worker.childopts" "-Xmx768m"})

(defn order-flow
  "The StormTopology of the graph."
  ^StormTopology []
  (topology spouts bolts))
