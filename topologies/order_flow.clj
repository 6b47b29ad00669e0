(ns order-flow
  "The topology: spouts, bolts, and the streams between them.

  The first map of a spec is its inputs: a component id (or [id stream]) -> a grouping. A list of fields sends
  equal values to the same task, :shuffle sends to any task, (by-owner) to the rule-engine task that owns the
  symbols. Streams that must stay in order are grouped by topic and partition."
  (:require [fintank.storm.dsl :refer [kafka-writer python-bolt topology]]
            [fintank.storm.grouping :refer [by-owner]]
            [fintank.spout.kafka-batch :refer [kafka-batch]]
            [org.apache.storm.clojure :refer [bolt-spec spout-spec]])
  (:import [org.apache.storm.generated StormTopology]))

(def by-partition ["topic" "partition"])
(def lines ["topic" "partition" "offsets" "lines" "appended"])
(def rejects ["key" "message"])

(defn- owned
  "The fields of what goes to the owners of symbols: the offsets first to next - 1 of a partition, the append times
  of their records, and those that concern the owner. Every owner gets every range, also one that holds nothing."
  [payload]
  ["owner" "topic" "topic_id" "partition" "first" "next" "appended" payload])

(def mebibyte (* 1024 1024))

(def spouts
  ;; A topic, and how many bytes of it may be in flight. A portfolio order becomes up to 70 times its own size.
  {"tick-spout"      (spout-spec (kafka-batch "ticks" (* 16 mebibyte) true))
   "order-spout"     (spout-spec (kafka-batch "orders" (* 2 mebibyte) true))
   "execution-spout" (spout-spec (kafka-batch "executions" (* 16 mebibyte) false))
   "fill-spout"      (spout-spec (kafka-batch "fills" (* 16 mebibyte) false))})

(defn- loader
  "Writes the points of a bolt, and the metrics of spouts."
  [bolt & spouts]
  (bolt-spec (into {bolt :shuffle} (for [spout spouts] [[spout "pipeline"] :shuffle]))
             (python-bolt "fintank.bolts.loader.Loader"
                          {"rejects" rejects})))

(defn- decision-deserializer
  "Makes points of a topic that the rule engine writes."
  [spout]
  (bolt-spec {spout by-partition}
             (python-bolt "fintank.bolts.decision_deserializer.DecisionDeserializer"
                          {"default" lines
                           "rejects" rejects})))

(def ticks
  {"tick-deserializer"
   (bolt-spec {"tick-spout" by-partition}
              (python-bolt "fintank.bolts.tick_deserializer.TickDeserializer"
                           {"default" lines
                            "by_owner" (owned "ticks")
                            "rejects" rejects}))

   "tick-influxdb-loader" (loader "tick-deserializer" "tick-spout")})

(def orders
  {"order-deserializer"
   (bolt-spec {"order-spout" by-partition}
              (python-bolt "fintank.bolts.order_deserializer.OrderDeserializer"
                           {"default" lines
                            "orders" ["topic" "topic_id" "partition" "first" "next" "appended" "orders"]
                            "rejects" rejects}))

   "order-influxdb-loader" (loader "order-deserializer" "order-spout")

   "component-order-creator"
   (bolt-spec {["order-deserializer" "orders"] by-partition}
              (python-bolt "fintank.bolts.component_order_creator.ComponentOrderCreator"
                           {"default" lines
                            "by_owner" (owned "orders")}))

   "component-order-influxdb-loader" (loader "component-order-creator")})

(def trading
  ;; It writes its decisions to Kafka in transactions; the spouts read them back.
  {"rule-engine"
   (bolt-spec {["tick-deserializer" "by_owner"] (by-owner)
               ["component-order-creator" "by_owner"] (by-owner)
               ["tick-spout" "log_ends"] :all
               ["order-spout" "log_ends"] :all}
              (python-bolt "fintank.bolts.rule_engine.RuleEngine" {})
              ;; On each tick tuple, it commits what is pending.
              :conf {"topology.tick.tuple.freq.secs" 1})

   "execution-deserializer" (decision-deserializer "execution-spout")
   "execution-influxdb-loader" (loader "execution-deserializer" "execution-spout")

   "fill-deserializer" (decision-deserializer "fill-spout")
   "fill-influxdb-loader" (loader "fill-deserializer" "fill-spout")})

(def reject-writer
  {"reject-writer"
   (bolt-spec (into {}
                    (for [id (keys (merge spouts (dissoc (merge ticks orders trading)
                                                         "component-order-creator" "rule-engine")))]
                      [[id "rejects"] :shuffle]))
              (kafka-writer "rejects"))})

(def bolts (merge ticks orders trading reject-writer))

(def options
  "The Storm options; config.json and `sparse run -o` override them.
  No topology.max.spout.pending: the spouts limit themselves by records and bytes."
  {"topology.workers" 1
   "topology.acker.executors" 1
   ;; Tuples are batches, so counting every one is cheap; by default, Storm counts one in twenty.
   "topology.stats.sample.rate" 1.0
   ;; What a dead worker held comes again after this, and until then every decision waits for it.
   "topology.message.timeout.secs" 30
   "topology.subprocess.timeout.secs" 120
   ;; An executor with an empty queue looks again after 3 ms. By default, it looks 1,000 times in a row and then
   ;; every ms: with 17 executors, that took more CPU than the actual work.
   "topology.bolt.wait.progressive.level2.count" 10
   "topology.bolt.wait.progressive.level3.sleep.millis" 3
   "topology.multilang.serializer" "fintank.storm.multilang.JacksonSerializer"
   "topology.worker.childopts" "-Xmx768m"})

(defn- sized
  "Gives each component its number of tasks: id -> number, 1 if it is not there."
  [specs tasks]
  (into {} (for [[id spec] specs] [id (assoc spec :p (int (get tasks id 1)))])))

(defn order-flow
  "The StormTopology; tasks: those of scale.toml."
  ^StormTopology [tasks]
  (topology (sized spouts tasks) (sized bolts tasks)))
