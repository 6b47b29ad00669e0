(ns fintank.spout.kafka-batch
  "The spout of every topic: one tuple is a batch of one partition's records.

  Stream default: topic, partition, offsets, records; records are lines joined by LF, offsets are runs
  `first,count,append_ms` joined by spaces. Stream rejects: key, message. Stream pipeline: lines, the spout's own
  metrics every few seconds as line protocol, not replayed.
  At least once: a partition is committed up to its first batch in flight, and failed batches are replayed until
  they are acked."
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
;; A full spout pauses its consumer and polls only to stay in the group.
(def ^:const full-poll-every-ms 500)
(def ^:const metrics-every-ms 5000)
(def ^:private ^Duration poll-wait (Duration/ofMillis 20))
(def ^:private ^Duration ask-wait (Duration/ofSeconds 1))
(def ^:private ^Duration commit-wait (Duration/ofSeconds 2))

(defn consumer-properties
  "The consumer's configuration. It reads only committed records, as every command does."
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
   ;; The members of a killed run expire quickly, so that the next run gets its partitions.
   "session.timeout.ms" "6000"
   "heartbeat.interval.ms" "2000"
   "max.poll.interval.ms" "600000"
   ;; Finds a topic created later within seconds, and limits how often a lost broker is logged.
   "metadata.max.age.ms" "5000"
   "reconnect.backoff.max.ms" "5000"})

(defn- emit! [{:keys [^SpoutOutputCollector collector]} {:keys [stream values id]}]
  (.emit collector ^String stream ^java.util.List values id))

(defn- commit-map ^Map [{:keys [topic]} offsets]
  (into {} (for [[partition offset] offsets]
             [(TopicPartition. topic (int partition)) (OffsetAndMetadata. (long offset))])))

(defn- commit-later!
  "Commits asynchronously; a failed commit is repeated a second later."
  [{:keys [^Consumer consumer state] :as context}]
  (let [offsets (tracker/to-commit @state)]
    (when (seq offsets)
      (vswap! state tracker/committed offsets)
      (.commitAsync consumer (commit-map context offsets)
                    (reify OffsetCommitCallback
                      (onComplete [_ _ problem]
                        (when problem
                          (.warn log "commit failed, trying again: {}" (str problem))
                          (vswap! state tracker/committed (update-vals offsets (constantly nil))))))))))

(defn- commit-now!
  "Commits and waits at most 2 s. On failure, the next owner just reads the records again."
  [{:keys [^Consumer consumer state] :as context}]
  (let [offsets (tracker/to-commit @state)]
    (when (seq offsets)
      (try
        (.commitSync consumer (commit-map context offsets) commit-wait)
        (vswap! state tracker/committed offsets)
        (catch InterruptException problem (throw problem))
        (catch KafkaException problem
          (.warn log "commit failed, records will be read again: {}" (str problem)))))))

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
  "Polled ConsumerRecords, or nil on a retriable error. Others, such as a failed authorization, are thrown."
  ^ConsumerRecords [{:keys [^Consumer consumer]} ^Duration wait]
  (try
    (.poll consumer wait)
    (catch RetriableException problem
      (.warn log "poll failed, trying again: {}" (str problem)))))

(defn- track!
  "Splits polled records into batches and puts them in flight; returns them."
  [{:keys [state]} ^ConsumerRecords polled]
  (into []
        (mapcat (fn [[^TopicPartition partition ^OffsetAndMetadata position]]
                  (let [number (long (.partition partition))
                        found (tracker/identified @state number (batches/batches (.records polled partition)))]
                    (vswap! state tracker/polled number found (.offset position))
                    found)))
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
  "The number of records in the spout's partitions that are not acked yet."
  ^long [{:keys [^Consumer consumer state]}]
  (reduce + (for [[^TopicPartition partition end] (.endOffsets consumer (.assignment consumer) ask-wait)
                  :let [state (get-in @state [:partitions (long (.partition partition))])]]
              (- (long end)
                 (long (or (tracker/done-to state) (.position consumer partition ask-wait)))))))

(defn- metric-lines
  "Points of the InfluxDB measurement pipeline, as line protocol; docs/pipeline.md has their fields."
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
    (.emit collector "pipeline" ^java.util.List (vector (string/join "\n" (metric-lines context now-ms))))
    (vreset! rejected {})
    ;; The next poll logs it; the metrics wait until Kafka is back.
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
  "An ISpout that emits the batches of a topic to a SpoutOutputCollector.
  It owns the consumer: subscribes, polls, commits and closes it. now: a function of the time in ms.
  place: :topic, :component and :task of the spout in the topology, :bytes-in-flight-max."
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
                          (settings/kafka-credentials))
        place {:topic topic
               :bytes-in-flight-max bytes-in-flight-max
               :component (.getThisComponentId ^TopologyContext context)
               :task (.getThisTaskId ^TopologyContext context)}]
    (batch-spout place (KafkaConsumer. ^Map properties) (:output-collector collector)
                 #(System/currentTimeMillis))))
