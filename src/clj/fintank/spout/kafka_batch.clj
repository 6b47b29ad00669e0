(ns fintank.spout.kafka-batch
  "The spout of every topic: one tuple is a batch of one partition's records.

  Stream default: topic, topic_id, partition, first, next, offsets, records. A tuple covers the offsets first to next - 1,
  and those of a partition join; the records are lines joined by LF; the offsets are text, runs
  `first,count,append_ms` joined by one space. Both are empty if the offsets hold no record.
  Stream rejects: key, message of what is not UTF-8 or too large.
  Stream log_ends: topic, topic_id, clock, asked_ms, appended_ms, caught_up, ends, cuts, full: where its partitions ended
  when the steady clock of this JVM was at asked_ms, as `partition,start,end` joined by spaces; start is the first
  offset that the spout read. appended_ms is the latest append time that it has read since the last such tuple, or
  null; caught_up: one was appended since the ends were last asked for. cuts: of the partitions whose broker lost
  records that were read, `partition,offset` of the first that was lost. full: of the partitions of which no more is
  read until something is acked, `partition,offset` of the next record. Not replayed.
  Stream pipeline: lines, the spout's own metrics every few seconds as line protocol. Not replayed.
  At least once: a partition is committed up to its first batch in flight, and failed batches are replayed until
  they are acked."
  (:require [clojure.string :as string]
            [fintank.storm.security :as security]
            [fintank.storm.settings :as settings]
            [fintank.spout.tracker :as tracker]
            [fintank.spout.batches :as batches]
            [org.apache.storm.clojure :refer [defspout spout]])
  (:import [java.lang.management ManagementFactory]
           [java.time Duration]
           [java.util Collection Collections Map]
           [java.util.concurrent ExecutionException]
           [org.apache.kafka.clients.admin Admin DescribeTopicsOptions TopicDescription]
           [org.apache.kafka.clients.consumer Consumer ConsumerRebalanceListener ConsumerRecord ConsumerRecords
            InvalidOffsetException KafkaConsumer LogTruncationException NoOffsetForPartitionException
            OffsetAndMetadata OffsetCommitCallback]
           [org.apache.kafka.common KafkaException TopicPartition]
           [org.apache.kafka.common.errors AuthenticationException InterruptException RetriableException]
           [org.apache.storm.spout SpoutOutputCollector]
           [org.apache.storm.task TopologyContext]
           [org.slf4j Logger LoggerFactory]))

(def ^:private ^Logger log (LoggerFactory/getLogger "fintank.spout.kafka-batch"))

(def ^:const partition-records-max
  "How many records of a partition may be in flight."
  20000)
(def ^:const commit-every-ms 1000)
;; A spout whose partitions are all full polls only to stay in its group.
(def ^:const full-poll-every-ms 500)
(def ^:const ends-every-ms 10)
;; A spout that has read nothing for idle-after-ms reports ends less often: 100 times a second cost half a core.
(def ^:const idle-after-ms 1000)
(def ^:const idle-ends-every-ms 20)
;; A spout pauses for this many times as long as it took to emit what it read, or to ask for ends. On a busy machine
;; both take longer, so it sends fewer and larger tuples. A tuple costs the bolts behind it many times as much.
(def ^:const emit-pauses 70)
(def ^:const ask-pauses 20)
(def ^:const pause-ms-max 100)
;; This many records or bytes at once are a backlog, which is read without a pause: half of what a poll may return,
;; and of what a fetch returns of a partition.
(def ^:const backlog-records 2500)
(def ^:const backlog-bytes (* 512 1024))
(def ^:const metrics-every-ms 5000)
;; A refused client tries again more often than it says so.
(def ^:const refusal-every-ms 10000)
(def ^:const poll-wait-ms-max 100)
;; Acks, which let a full partition continue, wait for a poll of the others.
(def ^:const paused-poll-wait-ms 5)
(def ^:const sleep-ms-max 10)
(def ^:private ^Duration ask-wait (Duration/ofSeconds 1))
(def ^:private ^Duration start-wait (Duration/ofSeconds 30))
(def ^:private ^Duration commit-wait (Duration/ofSeconds 2))

(defn consumer-properties
  "The consumer's configuration. It reads only committed records, as every command does."
  [address topic]
  (assoc
   (settings/brokers address)
   "group.id" (str "order_flow-" topic)
   "isolation.level" "read_committed"
   "key.deserializer" "org.apache.kafka.common.serialization.ByteArrayDeserializer"
   "value.deserializer" "org.apache.kafka.common.serialization.ByteArrayDeserializer"
   "auto.offset.reset" "none"
   "enable.auto.commit" "false"
   "allow.auto.create.topics" "false"
   "max.poll.records" "5000"
   ;; Longer than a busy broker or machine hangs, so that it causes no rebalance; the partitions of a killed worker
   ;; wait for as long.
   "session.timeout.ms" "12000"
   "heartbeat.interval.ms" "1500"
   "max.poll.interval.ms" "600000"
   ;; Finds a topic created later within seconds, and limits how often a lost broker is logged.
   "metadata.max.age.ms" "5000"
   "reconnect.backoff.max.ms" "5000"))

(def ^:private jvm
  "The name of this JVM's steady clock."
  (let [runtime (ManagementFactory/getRuntimeMXBean)]
    (str (.getName runtime) " " (.getStartTime runtime))))

(defn asking-properties
  "The configuration of the consumer that only asks where logs end. It counts open transactions: a record of one has
  its append time already. It has a connection of its own, as a broker answers the requests of one in turn, and a
  fetch waits for records."
  [address]
  (-> (consumer-properties address nil)
      (dissoc "group.id")
      (assoc "isolation.level" "read_uncommitted")))

(defn admin-properties
  "The configuration of the client that asks for the topic's id. It asks for the brokers first, and for that Kafka's client
  heeds neither the question's timeout nor request.timeout.ms: from a broker that hangs, it waits as long as a call may take."
  [address]
  (let [ask-ms (str (.toMillis ask-wait))]
    (assoc (settings/brokers address) "request.timeout.ms" ask-ms, "default.api.timeout.ms" ask-ms)))

(defn- emit! [{:keys [^SpoutOutputCollector collector]} {:keys [stream values id]}]
  (.emit collector ^String stream ^java.util.List values id))

(defn- commit-map
  "What is committed names the topic's id: the offsets of one topic mean nothing in another that has its name."
  ^Map [{:keys [topic topic-id]} offsets]
  (into {} (for [[partition offset] offsets]
             [(TopicPartition. topic (int partition)) (OffsetAndMetadata. (long offset) (or @topic-id ""))])))

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

(defn- start-of
  "Where to read a partition from: the offset that its group committed, or the log's start when there is none, or it
  is not in the log any more, or of another topic of the same name. If the broker lost records, no later than there."
  [{:keys [topic-id cuts]} ^TopicPartition partition ^OffsetAndMetadata committed log-start log-end]
  (let [number (long (.partition partition))
        offset (some-> committed .offset)
        known? (and offset (contains? #{"" @topic-id} (.metadata committed)))]
    (when (and offset (< log-end offset) (= @topic-id (.metadata committed)))
      (vswap! cuts #(merge-with min % {number log-end})))
    (let [start (cond-> offset (and offset (get @cuts number)) (min (get @cuts number)))]
      (if (and known? (<= log-start start log-end))
        start
        (do (when offset
              (.warn log "{}: offset {} is committed, but the log holds {} to {}: reading from its start"
                     (object-array [partition offset log-start log-end])))
            log-start)))))

(defn- start
  "Where to read partitions from, by partition's number."
  [{:keys [^Consumer consumer] :as context} ^Collection partitions]
  (let [committed (.committed consumer (set partitions) start-wait)
        starts (.beginningOffsets consumer partitions start-wait)
        ends (.endOffsets consumer partitions start-wait)]
    (into {}
          (for [^TopicPartition partition partitions]
            [(long (.partition partition))
             (start-of context partition (get committed partition)
                       (long (get starts partition)) (long (get ends partition)))]))))

(defn- partition-numbers [^Collection partitions]
  (mapv #(long (.partition ^TopicPartition %)) partitions))

(defn- begin!
  "Reads partitions from their start."
  [{:keys [^Consumer consumer topic state waiting] :as context} partitions]
  (let [starts (start context partitions)]
    (doseq [[number offset] starts]
      (.seek consumer (TopicPartition. topic (int number)) (long offset)))
    (vswap! waiting #(apply disj % partitions))
    (vswap! state tracker/assigned starts)))

(defn- forget! [{:keys [state waiting]} partitions]
  (vswap! waiting #(apply disj % partitions))
  (vswap! state tracker/lost (partition-numbers partitions)))

(defn- begin-again! [{:keys [^Consumer consumer waiting paused?] :as context} partitions]
  (forget! context partitions)
  (.pause consumer partitions)
  (vreset! paused? true)
  (vswap! waiting into partitions))

(defn- rebalance-listener
  "Assigned partitions wait, paused, until their starts are known, which are looked up between two polls."
  ^ConsumerRebalanceListener [context]
  (reify ConsumerRebalanceListener
    (onPartitionsAssigned [_ partitions]
      (begin-again! context partitions))
    (onPartitionsRevoked [_ partitions]
      (commit-now! context)
      (forget! context partitions))
    (onPartitionsLost [_ partitions]
      (forget! context partitions))))

(defn- check-topic!
  "Gets the id of the topic. If it has changed, the topic was recreated and is read from its start."
  [{:keys [^Consumer consumer topic ask-id topic-id cuts] :as context}]
  (let [before @topic-id
        id (ask-id)]
    (vreset! topic-id id)
    (when (and before (not= before id))
      (vreset! cuts {})
      (.warn log "the topic {} was recreated, reading it from its start" topic)
      (begin-again! context (.assignment consumer)))))

(defn- ask-ends
  "partition's number -> where its log ends, of the partitions that are read."
  [{:keys [^Consumer consumer ^Consumer asking state]}]
  (select-keys (update-keys (into {} (.endOffsets asking (.assignment consumer) ask-wait))
                            #(long (.partition ^TopicPartition %)))
               (keys (:partitions @state))))

(defn- numbered
  "The assigned partitions that have one of these numbers."
  [{:keys [^Consumer consumer]} numbers]
  (filterv #(contains? numbers (long (.partition ^TopicPartition %))) (.assignment consumer)))

(defn- begin-cut!
  "Begins again with the partitions that end before what was read of them: their broker lost it."
  [{:keys [state cuts] :as context} ends]
  (let [lost (into {} (filter (fn [[number end]] (< end (get-in @state [:partitions number :position])))) ends)]
    (when (seq lost)
      (vswap! cuts #(merge-with min % lost))
      (begin-again! context (numbered context lost)))))

(defn- pairs
  "Tuples of numbers as text: commas within, spaces between."
  [found]
  (string/join " " (map #(string/join "," %) (sort found))))

(defn- full-partitions [{:keys [^Consumer consumer bytes-in-flight-max state]}]
  (tracker/full @state partition-records-max (quot bytes-in-flight-max (max 1 (count (.assignment consumer))))))

(defn- tell-ends! [{:keys [^SpoutOutputCollector collector topic state steady-ms topic-id ends cuts appended-ms
                           caught-up?]
                    :as context}]
  (let [asked-ms (steady-ms)
        found (ask-ends context)
        _ (begin-cut! context found)
        partitions (:partitions @state)
        found (select-keys found (keys partitions))
        cut (select-keys @cuts (keys found))]
    (vreset! ends found)
    (when (seq cut)
      (.error log "{}: the broker lost the records after these ends, partition,offset: {}" topic (pairs cut)))
    (when (seq found)
      (.emit collector "log_ends"
             ^java.util.List (vector topic @topic-id jvm asked-ms @appended-ms @caught-up?
                                     (pairs (for [[number end] found]
                                              [number (get-in partitions [number :start]) end]))
                                     (pairs cut)
                                     (pairs (for [number (full-partitions context) :when (contains? found number)]
                                              [number (get-in partitions [number :position])]))))
      (vswap! cuts #(apply dissoc % (keys cut)))
      (vreset! appended-ms nil)
      (vreset! caught-up? false))))

(defn- poll-or-begin-again
  "Polled ConsumerRecords. A partition begins again, and nil is returned, if its log no longer holds the next offset: it
  was deleted by age, or the topic was recreated."
  ^ConsumerRecords [{:keys [^Consumer consumer waiting cuts tells-ends?] :as context} ^Duration wait]
  (try
    (when (seq @waiting)
      (when tells-ends?
        (check-topic! context))
      (begin! context @waiting)
      (when (seq @cuts)
        (tell-ends! context)))
    (.poll consumer wait)
    (catch LogTruncationException problem
      (vswap! cuts #(merge-with min % (into {} (for [[^TopicPartition partition ^OffsetAndMetadata end]
                                                     (.divergentOffsets problem)]
                                                 [(long (.partition partition)) (.offset end)]))))
      (begin-again! context (.partitions problem))
      nil)
    (catch InvalidOffsetException problem
      (if (instance? NoOffsetForPartitionException problem)
        (.info log "nothing is committed yet, reading from where the log starts: {}" (.partitions problem))
        (.warn log "reading from where the log starts: {}" (str problem)))
      (begin-cut! context (ask-ends context))
      (begin-again! context (.partitions problem))
      nil)))

(defn- poll
  "Polled ConsumerRecords, or nil if there are none or on a retriable error, also while it begins again. Others, such as
  a failed authorization, are thrown."
  ^ConsumerRecords [context wait]
  (try
    (poll-or-begin-again context wait)
    (catch RetriableException problem
      (.warn log "poll failed, trying again: {}" (str problem)))))

(defn- note-append-time!
  "Remembers the append time of the last record read of a partition, and whether it was appended since the ends
  were asked for before the last poll: only then is its time about now, as what stands at a log's end may stand there
  for hours. Ends asked for since then prove nothing: a poll returns what was fetched during the one before it."
  [{:keys [appended-ms caught-up? polled-ends]} number records]
  (when-let [^ConsumerRecord latest (peek records)]
    (vswap! appended-ms (fnil max 0) (.timestamp latest))
    (when (<= (long (get @polled-ends number Long/MAX_VALUE)) (.offset latest))
      (vreset! caught-up? true))))

(defn- track!
  "Splits polled records into batches and puts them in flight; returns them."
  [{:keys [topic topic-id state] :as context} ^ConsumerRecords polled]
  (into []
        (mapcat (fn [[^TopicPartition partition ^OffsetAndMetadata position]]
                  (let [number (long (.partition partition))
                        records (vec (.records polled partition))
                        start (get-in @state [:partitions number :position])
                        cut (batches/batches [topic (or @topic-id "") number] start (.offset position) records)
                        found (tracker/identified @state number cut)]
                    (note-append-time! context number records)
                    (vswap! state tracker/polled number found (.offset position))
                    found)))
        (.nextOffsets polled)))

(defn- hold!
  "Pauses the partitions that are full, and resumes the others; whether all are."
  [{:keys [^Consumer consumer paused?] :as context}]
  (let [assignment (.assignment consumer)
        full (full-partitions context)
        held (filterv #(full (long (.partition ^TopicPartition %))) assignment)]
    (when (or @paused? (seq held))
      (.resume consumer assignment)
      (.pause consumer held)
      (vreset! paused? (boolean (seq held))))
    (and (seq held) (= (count held) (count assignment)))))

(defn- took!
  "Notes how long work took since a time; average-ms holds the mean of the last ten or so."
  [{:keys [steady-ms]} average-ms since-ms]
  (vswap! average-ms #(+ (* 0.9 %) (* 0.1 (- (long (steady-ms)) (long since-ms))))))

(defn- pause-ms
  "How long to pause after work: this many times as long as it takes."
  ^long [average-ms times]
  (min pause-ms-max (long (* (long times) (double @average-ms)))))

(defn- backlog? [^ConsumerRecords polled batches]
  (or (<= backlog-records (.count polled)) (<= backlog-bytes (reduce + (map :bytes batches)))))

(defn- emit-more! [{:keys [rejected steady-ms last-record-ms emitting-ms next-read-ms ends polled-ends] :as context}
                   wait]
  (when-let [polled (poll context wait)]
    (let [batches (track! context polled)
          now-ms (steady-ms)]
      (vreset! polled-ends @ends)
      (when (seq batches)
        (vreset! last-record-ms now-ms)
        (vswap! rejected #(merge-with + % (frequencies (keep :reason batches))))
        (run! #(emit! context %) batches)
        (took! context emitting-ms now-ms)
        (vreset! next-read-ms (if (backlog? polled batches)
                                0
                                (+ (long (steady-ms)) (pause-ms emitting-ms emit-pauses))))))))

(defn- lag
  "The number of records in the spout's partitions that are not acked yet."
  ^long [{:keys [state] :as context}]
  (reduce + (for [[number end] (ask-ends context)]
              (- (long end) (long (tracker/done-to (get-in @state [:partitions number])))))))

(defn- metric-lines
  "Points of the InfluxDB measurement pipeline, as line protocol; docs/pipeline.md has their fields."
  [{:keys [component task state rejected wall-ms] :as context}]
  (let [{:keys [failed] :as tracker} @state
        series (str "pipeline,component=" component)
        place (str ",task=" task)
        time-ns (* 1000000 (long (wall-ms)))]
    (into [(str series place " lag=" (lag context) "i,in_flight=" (tracker/in-flight tracker :records)
                "i,failed_tuples=" (count failed)
                "i,rejects=" (reduce + (vals @rejected)) "i " time-ns)]
          (for [[reason times] @rejected]
            (str series ",reason=" reason place " rejected=" times "i " time-ns)))))

(defn- every!
  "Whether interval-ms have passed since the last time; last-ms holds that time."
  [last-ms interval-ms now-ms]
  (when (<= (+ @last-ms interval-ms) now-ms)
    (vreset! last-ms now-ms)
    true))

(defn- emit-metrics! [{:keys [^SpoutOutputCollector collector rejected] :as context}]
  (.emit collector "pipeline" ^java.util.List (vector (string/join "\n" (metric-lines context))))
  (vreset! rejected {}))

(defn- idle? [{:keys [last-record-ms]} now-ms]
  (< (+ (long @last-record-ms) idle-after-ms) (long now-ms)))

(defn- tell-every-ms [{:keys [asking-ms] :as context} now-ms]
  (max (pause-ms asking-ms ask-pauses) (if (idle? context now-ms) idle-ends-every-ms ends-every-ms)))

(defn- wait-for-records
  "How long a poll waits: until ends are due. Acks wait for it too, a record does not."
  ^Duration [{:keys [tells-ends? last-ends-ms paused?] :as context} now-ms]
  (let [due-ms (if tells-ends?
                 (- (+ @last-ends-ms (tell-every-ms context now-ms)) now-ms)
                 poll-wait-ms-max)]
    (Duration/ofMillis (min (if @paused? paused-poll-wait-ms poll-wait-ms-max) (max 1 due-ms)))))

(defn- read-more! [{:keys [last-full-poll-ms next-read-ms sleep] :as context} now-ms]
  (let [pause-ms (- @next-read-ms now-ms)]
    (cond (pos? pause-ms) (sleep (min pause-ms sleep-ms-max))
          (not (hold! context)) (emit-more! context (wait-for-records context now-ms))
          (every! last-full-poll-ms full-poll-every-ms now-ms) (emit-more! context Duration/ZERO))))

(defn- tell!
  "Emits log ends and metrics at their intervals. If Kafka is down, the next poll logs it, and they wait."
  [{:keys [tells-ends? last-ends-ms last-metrics-ms asking-ms steady-ms] :as context} now-ms]
  (try
    (when (and tells-ends? (every! last-ends-ms (tell-every-ms context now-ms) now-ms))
      (let [asked-ms (steady-ms)]
        (try
          (tell-ends! context)
          (finally (took! context asking-ms asked-ms)))))
    (when (every! last-metrics-ms metrics-every-ms now-ms)
      (when tells-ends?
        (check-topic! context))
      (emit-metrics! context))
    (catch RetriableException _)))

(defn- work! [{:keys [state steady-ms last-commit-ms] :as context}]
  (let [now-ms (steady-ms)]
    (when (every! last-commit-ms commit-every-ms now-ms)
      (commit-later! context))
    (tell! context now-ms)
    (if-let [again (tracker/due @state now-ms)]
      (do (vswap! state tracker/emitted-again again)
          (emit! context again))
      (read-more! context now-ms))))

(defn- refusal
  "Why a broker refuses this client, in one line: the innermost cause says it best."
  [^Throwable problem]
  (ex-message (last (take-while some? (iterate ex-cause problem)))))

(defn- next-tuple!
  "A broker that refuses the client, as with a changed password or an expired certificate, is asked again."
  [{:keys [topic steady-ms last-refusal-ms] :as context}]
  (try
    (work! context)
    (catch AuthenticationException problem
      (when (every! last-refusal-ms refusal-every-ms (steady-ms))
        (.error log "{}: Kafka refuses this client, trying again: {}" topic (refusal problem))))))

(defn batch-spout
  "An ISpout that emits a topic's batches to a SpoutOutputCollector.
  It owns the consumer: subscribes, polls, commits and closes it. asking: a consumer that only asks where logs end.
  place: :topic, :component and :task of the spout in the topology, :bytes-in-flight-max, and :tells-ends?, whether
  it emits log ends. clocks: :steady-ms and :wall-ms return the time in ms, :sleep waits for ms, :ask-id returns the id of
  the topic."
  [{:keys [topic] :as place} ^Consumer consumer ^Consumer asking collector {:keys [steady-ms] :as clocks}]
  (let [state (volatile! tracker/empty-tracker)
        context (merge place clocks
                       {:consumer consumer, :asking asking, :collector collector, :state state, :cuts (volatile! {})
                        :paused? (volatile! false), :rejected (volatile! {}), :waiting (volatile! #{}), :topic-id (volatile! nil)
                        :ends (volatile! {}), :polled-ends (volatile! {}), :appended-ms (volatile! nil), :caught-up? (volatile! false)
                        :last-full-poll-ms (volatile! 0), :last-record-ms (volatile! (steady-ms))
                        :next-read-ms (volatile! 0), :emitting-ms (volatile! 0.0), :asking-ms (volatile! 0.0)
                        :last-refusal-ms (volatile! (- (long (steady-ms)) refusal-every-ms))
                        :last-commit-ms (volatile! 0), :last-ends-ms (volatile! 0)
                        :last-metrics-ms (volatile! (steady-ms))})]
    (.subscribe consumer (Collections/singleton topic) (rebalance-listener context))
    (spout
     (nextTuple [] (next-tuple! context))
     (ack [id] (vswap! state tracker/acked id))
     (fail [id] (vswap! state tracker/failed id (steady-ms)))
     (deactivate [] (commit-now! context))
     (close []
       (commit-now! context)
       (.close asking commit-wait)
       (.close consumer commit-wait)))))

(defn- topic-id
  "The id that Kafka gave a topic when it was created."
  [^Admin admin ^String topic]
  (let [options (doto (DescribeTopicsOptions.) (.timeoutMs (Integer/valueOf (int (.toMillis ask-wait)))))
        found (.allTopicNames (.describeTopics admin ^Collection (Collections/singleton topic)
                                               ^DescribeTopicsOptions options))]
    (try
      (str (.topicId ^TopicDescription (get (.get found) topic)))
      (catch ExecutionException problem
        (throw (.getCause problem))))))

(defspout kafka-batch
  {"default" ["topic" "topic_id" "partition" "first" "next" "offsets" "records"]
   "rejects" ["key" "message"]
   "log_ends" ["topic" "topic_id" "clock" "asked_ms" "appended_ms" "caught_up" "ends" "cuts" "full"]
   "pipeline" ["lines"]}
  {:params [topic bytes-in-flight-max tells-ends?]}
  [conf context collector]
  (let [address (settings/kafka-address conf)
        properties (merge (consumer-properties address topic) (security/kafka-options))
        admin (when tells-ends?
                (Admin/create ^Map (merge (admin-properties address) (security/kafka-options))))
        place {:topic topic
               :tells-ends? tells-ends?
               :bytes-in-flight-max bytes-in-flight-max
               :component (.getThisComponentId ^TopologyContext context)
               :task (.getThisTaskId ^TopologyContext context)}]
    (batch-spout place (KafkaConsumer. ^Map properties)
                 (KafkaConsumer. ^Map (merge (asking-properties address) (security/kafka-options)))
                 (:output-collector collector)
                 {:steady-ms #(quot (System/nanoTime) 1000000)
                  :wall-ms #(System/currentTimeMillis)
                  :sleep #(Thread/sleep (long %))
                  :ask-id #(topic-id admin topic)})))
