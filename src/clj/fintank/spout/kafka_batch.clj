(ns fintank.spout.kafka-batch
  "The spout of every topic: one tuple is one poll of one partition.

  Stream default: topic, partition, offsets, records; the records are lines joined by LF, the offsets are
  text, runs `first,count,append_ms` joined by one space. Stream rejects: key, message of what is not UTF-8.
  Stream pipeline: lines, its own figures every few seconds as lines of InfluxDB; they are not sent again.
  At least once: a partition is committed up to its first batch in flight, failed batches come back for ever."
  (:require [clojure.string :as string]
            [fintank.storm.settings :as settings]
            [fintank.spout.tracker :as tracker]
            [fintank.spout.batches :as batches]
            [org.apache.storm.clojure :refer [defspout spout]])
  (:import [java.time Duration]
           [java.util Collection Collections Map]
           [org.apache.kafka.clients.consumer Consumer ConsumerRebalanceListener ConsumerRecords KafkaConsumer
            OffsetAndMetadata OffsetCommitCallback]
           [org.apache.kafka.common KafkaException TopicPartition]
           [org.apache.kafka.common.errors InterruptException RetriableException]
           [org.apache.storm.spout SpoutOutputCollector]
           [org.apache.storm.task TopologyContext]
           [org.slf4j Logger LoggerFactory]))

(def ^:private ^Logger log (LoggerFactory/getLogger "fintank.spout.kafka-batch"))

(def ^:const records-in-flight-max 40000)
(def ^:const commit-every-ms 1000)
;; With no room for more the consumer is paused, and only polled to stay in its group.
(def ^:const full-poll-every-ms 500)
(def ^:const metrics-every-ms 5000)
(def ^:private ^Duration poll-wait (Duration/ofMillis 20))
(def ^:private ^Duration ask-wait (Duration/ofSeconds 1))
(def ^:private ^Duration commit-wait (Duration/ofSeconds 2))

(defn consumer-properties
  "Kafka's options for reading a topic. Only what is committed is read, as every command reads it."
  [address topic]
  {"bootstrap.servers" address
   "group.id" (str "order_flow-" topic)
   "isolation.level" "read_committed"
   "key.deserializer" "org.apache.kafka.common.serialization.ByteArrayDeserializer"
   "value.deserializer" "org.apache.kafka.common.serialization.ByteArrayDeserializer"
   "auto.offset.reset" "earliest"
   "enable.auto.commit" "false"
   "allow.auto.create.topics" "false"
   "max.poll.records" "5000"
   ;; A killed run's member goes away quickly, so that the next run gets its partitions.
   "session.timeout.ms" "6000"
   "heartbeat.interval.ms" "2000"
   "max.poll.interval.ms" "600000"
   ;; A topic made after the start is found in seconds; a broker that is away is said every few.
   "metadata.max.age.ms" "5000"
   "reconnect.backoff.max.ms" "5000"})

(defn- emit! [{:keys [^SpoutOutputCollector collector]} {:keys [stream values id]}]
  (.emit collector ^String stream ^java.util.List values id))

(defn- commit-map ^Map [{:keys [topic]} offsets]
  (into {} (for [[partition offset] offsets]
             [(TopicPartition. topic (int partition)) (OffsetAndMetadata. (long offset))])))

(defn- commit-later!
  "Sends what is to be committed; a commit that fails is sent again a second later."
  [{:keys [^Consumer consumer state] :as context}]
  (let [offsets (tracker/to-commit @state)]
    (when (seq offsets)
      (vswap! state tracker/committed offsets)
      (.commitAsync consumer (commit-map context offsets)
                    (reify OffsetCommitCallback
                      (onComplete [_ _ problem]
                        (when problem
                          (.warn log "commit not taken, trying again: {}" (str problem))
                          (vswap! state tracker/committed (update-vals offsets (constantly nil))))))))))

(defn- commit-now!
  "Commits and waits, at most 2 s. What is not taken is only read again by the next owner."
  [{:keys [^Consumer consumer state] :as context}]
  (let [offsets (tracker/to-commit @state)]
    (when (seq offsets)
      (try
        (.commitSync consumer (commit-map context offsets) commit-wait)
        (vswap! state tracker/committed offsets)
        (catch InterruptException problem (throw problem))
        (catch KafkaException problem
          (.warn log "commit not taken, records will be read again: {}" (str problem)))))))

(defn- partition-numbers [^Collection partitions]
  (mapv #(long (.partition ^TopicPartition %)) partitions))

(defn- rebalance-listener ^ConsumerRebalanceListener [{:keys [state] :as context}]
  (reify ConsumerRebalanceListener
    (onPartitionsAssigned [_ partitions]
      (vswap! state tracker/assigned (partition-numbers partitions)))
    (onPartitionsRevoked [_ partitions]
      (commit-now! context)
      (vswap! state tracker/lost (partition-numbers partitions)))
    (onPartitionsLost [_ partitions]
      (vswap! state tracker/lost (partition-numbers partitions)))))

(defn- full? [{:keys [bytes-in-flight-max state]}]
  (let [{:keys [records bytes]} @state]
    (or (<= records-in-flight-max records) (<= bytes-in-flight-max bytes))))

(defn- poll
  "ConsumerRecords, or nil when Kafka has a passing problem. Fatal ones (no authorization) throw."
  ^ConsumerRecords [{:keys [^Consumer consumer]} ^Duration wait]
  (try
    (.poll consumer wait)
    (catch RetriableException problem
      (.warn log "poll failed, trying again: {}" (str problem)))))

(defn- track!
  "Cuts what a poll brought into batches; the new batches."
  [{:keys [state]} ^ConsumerRecords polled]
  (into []
        (mapcat (fn [[^TopicPartition partition ^OffsetAndMetadata position]]
                  (let [number (long (.partition partition))
                        batch (tracker/identified @state number (batches/batches (.records polled partition)))]
                    (vswap! state tracker/polled number batch (.offset position))
                    batch)))
        (.nextOffsets polled)))

(defn- hold! [{:keys [^Consumer consumer paused?]}]
  (.pause consumer (.assignment consumer))
  (vreset! paused? true))

(defn- resume! [{:keys [^Consumer consumer paused?]}]
  (when @paused?
    (.resume consumer (.assignment consumer))
    (vreset! paused? false)))

(defn- emit-more! [{:keys [rejected] :as context} wait]
  (when-let [polled (poll context wait)]
    (let [batches (track! context polled)]
      (vswap! rejected #(merge-with + % (frequencies (keep :reason batches))))
      (run! #(emit! context %) batches))))

(defn- lag
  "How many records of the spout's partitions are not done yet."
  ^long [{:keys [^Consumer consumer state]}]
  (reduce + (for [[^TopicPartition partition end] (.endOffsets consumer (.assignment consumer) ask-wait)
                  :let [state (get-in @state [:partitions (long (.partition partition))])]]
              (- (long end)
                 (long (or (tracker/done-to state) (.position consumer partition ask-wait)))))))

(defn- figures
  "Lines of InfluxDB's measurement pipeline: docs/pipeline.md has their fields."
  [{:keys [component task state rejected] :as context} now-ms]
  (let [{:keys [records failed]} @state
        series (str "pipeline,component=" component)
        place (str ",task=" task)
        time-ns (* 1000000 (long now-ms))]
    (into [(str series place " lag=" (lag context) "i,in_flight=" records "i,failed_tuples=" (count failed)
                "i,rejects=" (reduce + (vals @rejected)) "i " time-ns)]
          (for [[reason times] @rejected]
            (str series ",reason=" reason place " rejected=" times "i " time-ns)))))

(defn- emit-metrics! [{:keys [^SpoutOutputCollector collector rejected] :as context} now-ms]
  (try
    (.emit collector "pipeline" ^java.util.List (vector (string/join "\n" (figures context now-ms))))
    (vreset! rejected {})
    ;; The next poll says it; what is to be told waits till Kafka is back.
    (catch RetriableException _)))

(defn- read-more! [{:keys [last-full-poll-ms] :as context} now-ms]
  (if (full? context)
    (when (<= (+ @last-full-poll-ms full-poll-every-ms) now-ms)
      (vreset! last-full-poll-ms now-ms)
      (hold! context)
      (emit-more! context Duration/ZERO))
    (do
      (resume! context)
      (emit-more! context poll-wait))))

(defn- next-tuple! [{:keys [state now last-commit-ms last-metrics-ms] :as context}]
  (let [now-ms (now)]
    (when (<= (+ @last-commit-ms commit-every-ms) now-ms)
      (vreset! last-commit-ms now-ms)
      (commit-later! context))
    (when (<= (+ @last-metrics-ms metrics-every-ms) now-ms)
      (vreset! last-metrics-ms now-ms)
      (emit-metrics! context now-ms))
    (if-let [again (tracker/due @state now-ms)]
      (do (vswap! state tracker/emitted-again again)
          (emit! context again))
      (read-more! context now-ms))))

(defn batch-spout
  "An ISpout that emits a topic's batches to a SpoutOutputCollector.
  The consumer becomes its own: it subscribes, polls, commits and closes it. now: gives the time in ms.
  place: the topic, the spout's component and task in the topology, and how many bytes may be in flight."
  [{:keys [topic] :as place} ^Consumer consumer collector now]
  (let [state (volatile! tracker/empty-tracker)
        context (merge place
                       {:consumer consumer, :collector collector, :now now, :state state
                        :paused? (volatile! false), :rejected (volatile! {}), :last-full-poll-ms (volatile! 0)
                        :last-commit-ms (volatile! 0), :last-metrics-ms (volatile! (now))})]
    (.subscribe consumer (Collections/singleton topic) (rebalance-listener context))
    (spout
     (nextTuple [] (next-tuple! context))
     (ack [id] (vswap! state tracker/acked id))
     (fail [id] (vswap! state tracker/failed id (now)))
     (deactivate [] (commit-now! context))
     (close []
       (commit-now! context)
       (.close consumer commit-wait)))))

(defspout kafka-batch
  {"default" ["topic" "partition" "offsets" "records"]
   "rejects" ["key" "message"]
   "pipeline" ["lines"]}
  {:params [topic bytes-in-flight-max]}
  [conf context collector]
  (let [properties (merge (consumer-properties (settings/kafka-address conf) topic)
                          (settings/kafka-account))
        place {:topic topic
               :bytes-in-flight-max bytes-in-flight-max
               :component (.getThisComponentId ^TopologyContext context)
               :task (.getThisTaskId ^TopologyContext context)}]
    (batch-spout place (KafkaConsumer. ^Map properties) (:output-collector collector)
                 #(System/currentTimeMillis))))
