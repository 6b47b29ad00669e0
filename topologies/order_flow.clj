(ns order-flow
  "The graph: what reads, what it feeds, and how the tuples are shared out.

  A spec's first map is its input: the id of a component (or [id stream]) -> a grouping.
  A list of fields as the grouping sends equal values to the same task; :shuffle sends anywhere; (by-owner) to
  the rule-engine's task that owns the symbols. What must stay in order is grouped by topic and partition."
  (:require [fintank.storm.dsl :refer [kafka-writer python-bolt topology]]
            [fintank.storm.grouping :refer [by-owner]]
            [fintank.spout.kafka-batch :refer [kafka-batch]]
            [org.apache.storm.clojure :refer [bolt-spec spout-spec]])
  (:import [org.apache.storm.generated StormTopology]))

(def by-partition ["topic" "partition"])
(def lines ["topic" "partition" "offsets" "lines" "appended"])
(def rejects ["key" "message"])

(def mebibyte (* 1024 1024))

(def spouts
  ;; A topic, and how many bytes of it may be in flight. A portfolio order becomes up to 70 times its own size.
  {"tick-spout"      (spout-spec (kafka-batch "ticks" (* 16 mebibyte)))
   "order-spout"     (spout-spec (kafka-batch "orders" (* 2 mebibyte)))
   "execution-spout" (spout-spec (kafka-batch "executions" (* 16 mebibyte)))
   "fill-spout"      (spout-spec (kafka-batch "fills" (* 16 mebibyte)))})

(defn- influxdb-loader
  "Writes the lines of a bolt, and what a spout tells of itself."
  [bolt & spouts]
  (bolt-spec (into {bolt :shuffle} (for [spout spouts] [[spout "pipeline"] :shuffle]))
             (python-bolt "fintank.bolts.influxdb_loader.InfluxdbLoader"
                          {"rejects" rejects})))

(def ticks
  {"tick-deserializer"
   (bolt-spec {"tick-spout" by-partition}
              (python-bolt "fintank.bolts.tick_deserializer.TickDeserializer"
                           {"default" lines
                            "by_owner" ["owner" "partition" "ticks"]
                            "rejects" rejects}))

   "tick-influxdb-loader" (influxdb-loader "tick-deserializer" "tick-spout")})

(def orders
  {"order-deserializer"
   (bolt-spec {"order-spout" by-partition}
              (python-bolt "fintank.bolts.order_deserializer.OrderDeserializer"
                           {"default" lines
                            "orders" ["topic" "partition" "orders" "appended"]
                            "rejects" rejects}))

   "order-influxdb-loader" (influxdb-loader "order-deserializer" "order-spout")

   "component-order-creator"
   (bolt-spec {["order-deserializer" "orders"] by-partition}
              (python-bolt "fintank.bolts.component_order_creator.ComponentOrderCreator"
                           {"default" lines
                            "by_owner" ["owner" "orders" "appended"]}))

   "component-order-influxdb-loader" (influxdb-loader "component-order-creator")})

(def trading
  ;; What it decides goes to Kafka, in transactions, and comes back by the spouts.
  {"rule-engine"
   (bolt-spec {["tick-deserializer" "by_owner"] (by-owner)
               ["component-order-creator" "by_owner"] (by-owner)}
              (python-bolt "fintank.bolts.rule_engine.RuleEngine" {})
              :p 2
              ;; It commits what waits at each of Storm's ticks.
              :conf {"topology.tick.tuple.freq.secs" 1})

   "execution-deserializer"
   (bolt-spec {"execution-spout" by-partition}
              (python-bolt "fintank.bolts.execution_deserializer.ExecutionDeserializer"
                           {"default" lines
                            "rejects" rejects}))

   "execution-influxdb-loader" (influxdb-loader "execution-deserializer" "execution-spout")

   "fill-deserializer"
   (bolt-spec {"fill-spout" by-partition}
              (python-bolt "fintank.bolts.fill_deserializer.FillDeserializer"
                           {"default" lines
                            "rejects" rejects}))

   "fill-influxdb-loader" (influxdb-loader "fill-deserializer" "fill-spout")})

(def reject-writer
  {"reject-writer"
   (bolt-spec (into {}
                    (for [id (keys (merge spouts (dissoc (merge ticks orders trading)
                                                         "component-order-creator" "rule-engine")))]
                      [[id "rejects"] :shuffle]))
              (kafka-writer "rejects"))})

(def bolts (merge ticks orders trading reject-writer))

(def options
  "Storm's options, which config.json and `sparse run -o` win over.
  No topology.max.spout.pending: the spouts bound themselves, by records and bytes."
  {"topology.workers" 1
   "topology.acker.executors" 1
   ;; Tuples are batches, so counting each is cheap; Storm counts one of twenty.
   "topology.stats.sample.rate" 1.0
   "topology.message.timeout.secs" 120
   "topology.subprocess.timeout.secs" 120
   ;; An executor that found its queue empty looks again after 3 ms. Storm's default is 1,000 looks in a row, then
   ;; one each ms: with 17 executors that took more of the machine than the work did.
   "topology.bolt.wait.progressive.level2.count" 10
   "topology.bolt.wait.progressive.level3.sleep.millis" 3
   "topology.multilang.serializer" "fintank.storm.multilang.JacksonSerializer"
   "topology.worker.childopts" "-Xmx768m"})

(defn order-flow
  "The StormTopology of the graph."
  ^StormTopology []
  (topology spouts bolts))
