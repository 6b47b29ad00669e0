(ns fintank.spout.kafka-batch-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is testing]]
            [fintank.spout.kafka-batch :as kafka-batch]
            [fintank.spout.records :refer [record]])
  (:import [java.util Optional]
           [org.apache.kafka.clients.consumer ConsumerRecord LogTruncationException MockConsumer OffsetAndMetadata
            OffsetOutOfRangeException]
           [org.apache.kafka.common KafkaException TopicPartition]
           [org.apache.kafka.common.errors SslAuthenticationException TimeoutException TopicAuthorizationException]
           [org.apache.storm.spout ISpout ISpoutOutputCollector SpoutOutputCollector]))

(defn- topic-partition [number]
  (TopicPartition. "ticks" (int number)))

(def ^:private bytes-max 100000)
(def ^:private place
  {:topic "ticks", :component "tick-spout", :task 3, :bytes-in-flight-max bytes-max, :tells-ends? true})

(defn- collector [emitted]
  (SpoutOutputCollector.
   (reify ISpoutOutputCollector
     (emit [_ stream values id]
       (swap! emitted conj {:stream stream :values (vec values) :id id})
       [])
     (emitDirect [_ _ _ _ _])
     (flush [_])
     (reportError [_ _])
     (getPendingCount [_] 0))))

(defn- win!
  "A rebalance that leaves a spout with these partitions."
  [{:keys [^MockConsumer consumer ^MockConsumer asking]} & partitions]
  (let [empty-partitions (into {} (map #(vector (topic-partition %) 0)) partitions)]
    (.updateBeginningOffsets consumer empty-partitions)
    (.updateEndOffsets consumer empty-partitions)
    (.updateEndOffsets asking empty-partitions))
  (.rebalance consumer (mapv topic-partition partitions)))

(defn- started
  "A spout with its own consumer and clock that owns partitions."
  [& partitions]
  (let [consumer (MockConsumer. "none")
        asking (MockConsumer. "none")
        emitted (atom [])
        clock-ms (atom 100000)
        id (atom "id-1")
        world {:consumer consumer :asking asking :emitted emitted :clock-ms clock-ms :id id
               :spout (kafka-batch/batch-spout place consumer asking (collector emitted)
                                               {:steady-ms #(deref clock-ms)
                                                :wall-ms #(deref clock-ms)
                                                :sleep #(swap! clock-ms + %)
                                                :ask-id #(deref id)})}]
    (apply win! world partitions)
    world))

(defn- ends!
  "Sets the end offsets of partitions."
  [{:keys [^MockConsumer consumer ^MockConsumer asking]} offsets]
  (doseq [^MockConsumer asked [consumer asking]]
    (.updateEndOffsets asked (update-keys offsets topic-partition))))

(defn- add!
  "Appends records."
  [{:keys [^MockConsumer consumer ^MockConsumer asking] :as world} & records]
  (run! #(.addRecord consumer %) records)
  (doseq [[number offset] (map (fn [^ConsumerRecord r] [(.partition r) (.offset r)]) records)
          :when (<= (get (.endOffsets asking #{(topic-partition number)}) (topic-partition number)) offset)]
    (ends! world {number (inc offset)})))

(defn- next! [{:keys [^ISpout spout]}]
  (.nextTuple spout))

(defn- pass! [{:keys [clock-ms] :as world} ms]
  (swap! clock-ms + ms)
  (next! world))

(defn- ack! [{:keys [^ISpout spout]} {:keys [id]}]
  (.ack spout id))

(defn- fail! [{:keys [^ISpout spout]} {:keys [id]}]
  (.fail spout id))

(defn- emits
  "What was emitted so far, without metrics."
  [{:keys [emitted]}]
  (filterv #(#{"default" "rejects"} (:stream %)) @emitted))

(defn- told-ends
  "The values of the tuples of the stream log_ends, without the clock's name."
  [{:keys [emitted]}]
  (for [{:keys [stream values id]} @emitted, :when (= "log_ends" stream)]
    (do (is (nil? id) "it is not sent again")
        (let [[topic id _ & more] values]
          (into [topic id] more)))))

(defn- told-end [told] (nth told 5))

(defn- metrics
  "The points of the stream pipeline so far, without timestamps."
  [{:keys [emitted]}]
  (for [{:keys [stream values id]} @emitted, :when (= "pipeline" stream)]
    (do (is (nil? id) "it is not replayed")
        (string/replace (first values) #" \d+(?=\n|$)" ""))))

(defn- committed [{:keys [^MockConsumer consumer]} partition]
  (let [partition (topic-partition partition)]
    (some-> ^OffsetAndMetadata (get (.committed consumer #{partition}) partition) .offset)))

(deftest one-poll-of-one-partition-is-one-tuple
  (let [world (started 0 1)]
    (add! world (record 0 0 "a") (record 0 1 "b") (record 1 0 "c"))
    (next! world)
    (is (= #{["ticks" "id-1" 0 0 2 "0,2,1000" "a\nb"] ["ticks" "id-1" 1 0 1 "0,1,1000" "c"]}
           (set (map :values (emits world)))))
    (is (every? #{"default"} (map :stream (emits world))))))

(deftest a-record-that-is-not-utf-8-goes-to-rejects-and-the-others-go-on
  (let [world (started 0)]
    (add! world (record 0 0 "a") (record 0 1 (byte-array [-1])) (record 0 2 "b"))
    (next! world)
    (let [{[reject] "rejects" [text] "default"} (group-by :stream (emits world))]
      (is (= "ticks-0-1" (first (:values reject))))
      (is (= ["ticks" "id-1" 0 0 3 "0,1,1000 2,1,1000" "a\nb"] (:values text)))
      (testing "and is committed only with its own ack"
        (ack! world text)
        (pass! world 1000)
        (is (= 1 (committed world 0)))
        (ack! world reject)
        (pass! world 1000)
        (is (= 3 (committed world 0)))))))

(deftest acks-are-committed-every-second-up-to-the-first-tuple-in-flight
  (let [world (started 0)]
    (add! world (record 0 0 "a"))
    (next! world)
    (add! world (record 0 1 "b"))
    (next! world)
    (let [[a b] (emits world)]
      (ack! world b)
      (pass! world 1000)
      (is (= 0 (committed world 0)))
      (ack! world a)
      (pass! world 999)
      (is (= 0 (committed world 0)))
      (pass! world 1)
      (is (= 2 (committed world 0))))))

(deftest a-failed-tuple-is-replayed-unchanged-with-back-off-until-it-is-acked
  (let [world (started 0)]
    (add! world (record 0 0 "a") (record 0 1 "b"))
    (next! world)
    (doseq [wait-ms [100 200 400 800 1600 3200 6400 10000 10000 10000]]
      (let [before (count (emits world))]
        (fail! world (peek (emits world)))
        (pass! world (dec wait-ms))
        (is (= before (count (emits world))))
        (pass! world 1)
        (dotimes [_ 3] (pass! world 1))
        (is (= (inc before) (count (emits world))))))
    (is (= 1 (count (distinct (emits world)))))
    (is (= 0 (committed world 0)))
    (ack! world (peek (emits world)))
    (pass! world 1000)
    (is (= 2 (committed world 0)))))

(deftest a-spout-with-too-many-records-in-flight-waits-for-acks
  (let [world (started 0)
        consumer ^MockConsumer (:consumer world)]
    (apply add! world (map #(record 0 % "x") (range kafka-batch/partition-records-max)))
    (.setMaxPollRecords consumer kafka-batch/partition-records-max)
    (next! world)
    (add! world (record 0 kafka-batch/partition-records-max "more"))
    (dotimes [_ 5] (pass! world kafka-batch/full-poll-every-ms))
    (is (= 1 (count (emits world))))
    (is (= #{(topic-partition 0)} (.paused consumer)) "and stays in its group")
    (ack! world (first (emits world)))
    (next! world)
    (is (= "more" (last (:values (peek (emits world))))))
    (is (empty? (.paused consumer)))))

(deftest a-spout-with-too-many-bytes-in-flight-waits-for-acks
  (let [world (started 0)
        large (string/join (repeat (inc bytes-max) "x"))]
    (add! world (record 0 0 large))
    (next! world)
    (add! world (record 0 1 "more"))
    (ends! world {0 2})
    (dotimes [_ 5] (pass! world kafka-batch/full-poll-every-ms))
    (is (= 1 (count (emits world))))
    (is (= "0,1" (peek (last (told-ends world)))) "and tells how far it read")
    (ack! world (first (emits world)))
    (next! world)
    (is (= 2 (count (emits world))))
    (ack! world (peek (emits world)))
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= "" (peek (last (told-ends world)))))))

(deftest a-full-partition-does-not-keep-others-from-being-read
  (let [world (started 0)
        consumer ^MockConsumer (:consumer world)]
    (apply add! world (map #(record 0 % "x") (range kafka-batch/partition-records-max)))
    (.setMaxPollRecords consumer kafka-batch/partition-records-max)
    (next! world)
    (win! world 0 1)
    (add! world (record 1 0 "of the new one"))
    (pass! world 1)
    (pass! world 1)
    (is (= "of the new one" (last (:values (peek (emits world))))))))

(deftest a-partition-without-a-committed-offset-is-read-from-the-start-of-its-log
  (let [world (started)]
    (.updateBeginningOffsets ^MockConsumer (:consumer world) {(topic-partition 0) 7})
    (ends! world {0 9})
    (.rebalance ^MockConsumer (:consumer world) [(topic-partition 0)])
    (next! world)
    (add! world (record 0 8 "a"))
    (pass! world kafka-batch/ends-every-ms)
    (is (= [["ticks" "id-1" 0 7 9 "8,1,1000" "a"]] (map :values (emits world))))
    (is (= ["0,7,9"] (map told-end (distinct (told-ends world)))))))

(deftest a-committed-offset-that-the-log-does-not-hold-any-more-is-not-read-from
  (doseq [[committed start] [[3 7] [7 7] [8 8] [9 9] [10 7]]]
    (let [world (started)
          consumer ^MockConsumer (:consumer world)]
      (.updateBeginningOffsets consumer {(topic-partition 0) 7})
      (ends! world {0 9})
      (.rebalance consumer [(topic-partition 0)])
      (.commitSync consumer (doto (java.util.HashMap.) (.put (topic-partition 0) (OffsetAndMetadata. committed))))
      (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
      (is (= [(str "0," start ",9")] (distinct (map told-end (told-ends world))))))))

(deftest it-tells-where-its-partitions-end-a-hundred-times-a-second
  (let [world (started 0 1)]
    (next! world)
    (add! world (record 0 0 "a" 1234) (record 1 0 "b" 1200))
    (ends! world {0 1, 1 2})
    (next! world)
    (pass! world (dec kafka-batch/ends-every-ms))
    (is (= 0 (count (told-ends world))))
    (pass! world 1)
    (pass! world kafka-batch/ends-every-ms)
    (is (= [["ticks" "id-1" 100010 1234 false "0,0,1 1,0,2" "" ""]
            ["ticks" "id-1" 100020 nil false "0,0,1 1,0,2" "" ""]]
           (told-ends world)))))

(deftest it-tells-less-often-while-nothing-comes
  (let [world (started 0)
        told (fn [] (let [before (count (told-ends world))]
                      (dotimes [_ 10] (pass! world kafka-batch/ends-every-ms))
                      (- (count (told-ends world)) before)))]
    (ends! world {0 0})
    (next! world)
    (is (= 10 (told)))
    (pass! world kafka-batch/idle-after-ms)
    (is (= 5 (told)))
    (add! world (record 0 0 "a"))
    (next! world)
    (is (= 10 (told)))))

(defn- make-busy!
  "Lets each tuple take 2 ms to emit."
  [{:keys [emitted clock-ms]}]
  (add-watch emitted :busy (fn [& _] (swap! clock-ms + 2))))

(deftest on-a-busy-machine-it-reads-and-tells-less-often-and-more-at-once
  (let [{:keys [emitted clock-ms] :as world} (started 0)
        started-ms @clock-ms]
    (make-busy! world)
    (doseq [offset (range 1000)]
      (add! world (record 0 offset "a"))
      (next! world))
    (is (< (* 2 (count @emitted)) (quot (- @clock-ms started-ms) 8)) "it works an eighth of the time at most")
    (pass! world kafka-batch/pause-ms-max)
    (is (= 1000 (get (:values (peek (emits world))) 4)) "all are read")))

(deftest a-backlog-is-read-without-a-pause
  (let [world (started 0)
        backlog #(apply add! world (for [offset (range % (+ % kafka-batch/backlog-records))] (record 0 offset "a")))]
    (make-busy! world)
    (dotimes [number 3]
      (backlog (* number kafka-batch/backlog-records))
      (next! world))
    (is (= 3 (count (emits world))))))

(deftest a-backlog-of-few-large-records-is-read-without-a-pause
  (let [world (started 0)
        large (apply str (repeat kafka-batch/backlog-bytes "a"))]
    (make-busy! world)
    (dotimes [offset 3]
      (add! world (record 0 offset large))
      (next! world)
      (ack! world (peek (emits world))))
    (is (= 3 (count (emits world))))))

(deftest it-tells-when-it-has-read-what-was-not-there-when-it-asked
  (let [world (started 0)]
    (ends! world {0 1})
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 0 "a" 1234))
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 1 "b" 1300))
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (pass! world kafka-batch/ends-every-ms)
    (is (= [[nil false] [1234 false] [1300 true] [nil false]] (map #(subvec % 3 5) (told-ends world))))))

(deftest a-topic-that-was-recreated-is-read-from-its-start
  (let [world (started 0)]
    (add! world (record 0 0 "a") (record 0 1 "b"))
    (next! world)
    (reset! (:id world) "id-2")
    (ends! world {0 1})
    (pass! world kafka-batch/metrics-every-ms)
    (add! world (record 0 0 "new"))
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= ["ticks" "id-2" 0 0 1 "0,1,1000" "new"] (:values (peek (emits world)))))
    (is (= "id-2" (second (last (told-ends world)))))
    (testing "and acks of the old one change nothing"
      (ack! world (first (emits world)))
      (pass! world 1000)
      (is (= 0 (committed world 0))))))

(deftest what-was-committed-of-a-topic-is-not-used-after-it-was-recreated
  (let [world (started 0)
        consumer ^MockConsumer (:consumer world)]
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 0 "a") (record 0 1 "b"))
    (next! world)
    (run! #(ack! world %) (emits world))
    (pass! world kafka-batch/commit-every-ms)
    (is (= 2 (committed world 0)))
    (reset! (:id world) "id-2")
    (ends! world {0 3})
    (pass! world kafka-batch/metrics-every-ms)
    (is (= 0 (.position consumer (topic-partition 0))))
    (testing "also by a spout that never knew the other"
      (.rebalance consumer [])
      (.rebalance consumer [(topic-partition 0)])
      (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
      (is (= 0 (.position consumer (topic-partition 0)))))))

(deftest a-record-that-stood-in-the-log-before-does-not-tell-the-time
  (let [world (started 0)]
    (ends! world {0 1})
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 0 "old" 1234))
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (is (= [1234 false] (subvec (last (told-ends world)) 3 5)))))

(deftest what-was-deleted-from-the-log-is-passed-over
  (let [world (started 0)
        consumer ^MockConsumer (:consumer world)]
    (next! world)
    (.updateBeginningOffsets consumer {(topic-partition 0) 5})
    (ends! world {0 6})
    (.setPollException consumer (OffsetOutOfRangeException. {(topic-partition 0) 0}))
    (next! world)
    (add! world (record 0 5 "later"))
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= ["ticks" "id-1" 0 5 6 "5,1,1000" "later"] (:values (peek (emits world)))))
    (is (= "0,5,6" (told-end (last (told-ends world)))))))

(defn- told-cuts [world]
  (remove #{""} (map #(nth % 6) (told-ends world))))

(deftest what-comes-in-place-of-records-that-the-broker-lost-is-read
  (let [world (started 0)]
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 0 "a") (record 0 1 "b") (record 0 2 "c"))
    (next! world)
    (run! #(ack! world %) (emits world))
    (pass! world kafka-batch/commit-every-ms)
    (is (= 3 (committed world 0)))
    (ends! world {0 1})
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= ["0,1"] (told-cuts world)) "it is told once, before what comes in their place")
    (add! world (record 0 1 "in place of b"))
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= ["ticks" "id-1" 0 1 2 "1,1,1000" "in place of b"] (:values (peek (emits world)))))
    (is (= ["0,1"] (told-cuts world)))))

(deftest records-that-the-broker-lost-are-noticed-when-others-stand-in-their-place-already
  (let [world (started 0)
        consumer ^MockConsumer (:consumer world)]
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (add! world (record 0 0 "a") (record 0 1 "b") (record 0 2 "c"))
    (next! world)
    (.setPollException consumer (LogTruncationException. {(topic-partition 0) 3}
                                                         {(topic-partition 0) (OffsetAndMetadata. 2 (Optional/of (int 1)) "")}))
    (next! world)
    (dotimes [_ 2] (pass! world kafka-batch/ends-every-ms))
    (is (= ["0,2"] (told-cuts world)))
    (is (= 0 (.position consumer (topic-partition 0))) "what is not acked is read again")))

(deftest ends-count-what-stands-in-open-transactions
  (let [world (started 0)]
    (.updateEndOffsets ^MockConsumer (:asking world) {(topic-partition 0) 5})
    (next! world)
    (pass! world kafka-batch/ends-every-ms)
    (is (= ["0,0,5"] (map told-end (told-ends world))))
    (is (= "read_uncommitted" (get (kafka-batch/asking-properties "box:9092") "isolation.level")))))

(deftest a-question-for-the-topic's-id-does-not-wait-for-a-broker-that-hangs
  (doseq [address ["box:9092" "a:1,b:2"]
          :let [properties (kafka-batch/admin-properties address)]]
    (is (= address (get properties "bootstrap.servers")))
    (is (= ["1000" "1000"] (map properties ["request.timeout.ms" "default.api.timeout.ms"])))))

(deftest a-revoked-partition-is-committed
  (let [world (started 0 1)]
    (add! world (record 0 0 "a") (record 1 0 "b"))
    (next! world)
    (run! #(ack! world %) (emits world))
    (win! world 1)
    (win! world 0 1)
    (is (= 1 (committed world 0)))))

(deftest acks-and-fails-of-a-lost-partition-are-ignored
  (let [world (started 0)]
    (add! world (record 0 0 "a") (record 0 1 "b"))
    (next! world)
    (let [[old] (emits world)]
      (win! world)
      (win! world 0)
      (add! world (record 0 0 "a") (record 0 1 "b"))
      (next! world)
      (is (= 2 (count (emits world))) "it is read again")
      (ack! world old)
      (fail! world old)
      (pass! world 20000)
      (is (= 2 (count (emits world))))
      (is (= 0 (committed world 0))))))

(deftest close-commits-and-closes-the-consumer
  (let [world (started 0)]
    (add! world (record 0 0 "a") (record 0 1 "b"))
    (next! world)
    (ack! world (first (emits world)))
    (.deactivate ^ISpout (:spout world))
    (is (= 2 (committed world 0)))
    (.close ^ISpout (:spout world))
    (is (.closed ^MockConsumer (:consumer world)))))

(deftest a-retriable-kafka-error-is-retried
  (let [world (started 0)]
    (.setPollException ^MockConsumer (:consumer world) (TimeoutException. "no answer"))
    (next! world)
    (add! world (record 0 0 "a"))
    (next! world)
    (is (= 1 (count (emits world))))))

(deftest a-broker-that-does-not-answer-when-an-offset-is-gone-is-asked-again
  (let [world (started 0)]
    (next! world)
    (.setPollException ^MockConsumer (:consumer world) (OffsetOutOfRangeException. {(topic-partition 0) 0}))
    (.setOffsetsException ^MockConsumer (:asking world) (TimeoutException. "no answer"))
    (next! world)
    (add! world (record 0 0 "a"))
    (next! world)
    (is (= 1 (count (emits world))))))

(deftest a-refused-client-asks-again
  (let [world (started 0)]
    (.setPollException ^MockConsumer (:consumer world)
                       (SslAuthenticationException. "SSL handshake failed" (Exception. "certificate expired")))
    (next! world)
    (add! world (record 0 0 "a"))
    (next! world)
    (is (= 1 (count (emits world))))))

(deftest a-refusal-is-one-line-that-says-why
  (is (= "certificate expired"
         (#'kafka-batch/refusal (SslAuthenticationException. "SSL handshake failed" (Exception. "certificate expired")))))
  (is (= "no such user" (#'kafka-batch/refusal (SslAuthenticationException. "no such user")))))

(deftest a-fatal-kafka-error-is-thrown
  (let [world (started 0)]
    (.setPollException ^MockConsumer (:consumer world) (TopicAuthorizationException. "ticks"))
    (is (thrown? KafkaException (next! world)))))

(deftest the-consumer-reads-committed-records-in-its-group-without-auto-commit
  (let [properties (kafka-batch/consumer-properties "box:9092" "fills")]
    (is (= {"bootstrap.servers" "box:9092"
            "group.id" "order_flow-fills"
            "isolation.level" "read_committed"
            "auto.offset.reset" "none"
            "enable.auto.commit" "false"
            "allow.auto.create.topics" "false"}
           (select-keys properties ["bootstrap.servers" "group.id" "isolation.level" "auto.offset.reset"
                                    "enable.auto.commit" "allow.auto.create.topics"])))))

(deftest metrics-are-emitted-every-few-seconds
  (let [world (started 0 1)]
    (add! world (record 0 0 "a") (record 0 1 "b") (record 1 0 "c"))
    (ends! world {0 5, 1 1})
    (next! world)
    (pass! world (dec kafka-batch/metrics-every-ms))
    (is (empty? (metrics world)))
    (pass! world 1)
    (is (= ["pipeline,component=tick-spout,task=3 lag=6i,in_flight=3i,failed_tuples=0i,rejects=0i"] (metrics world)))
    (let [[a b] (emits world)]
      (ack! world a)
      (fail! world b)
      (pass! world (inc kafka-batch/metrics-every-ms))
      (is (= 2 (count (metrics world)))))))

(deftest lag-counts-failed-records-but-not-acked-ones
  (let [world (started 0 1)]
    (add! world (record 0 0 "a") (record 0 1 "b") (record 1 0 "c"))
    (ends! world {0 5, 1 1})
    (next! world)
    (pass! world (- kafka-batch/metrics-every-ms 1))
    (let [{[a] 0 [c] 1} (group-by #(nth (:values %) 2) (emits world))]
      (ack! world a)
      (fail! world c)
      (pass! world 1)
      (is (= ["pipeline,component=tick-spout,task=3 lag=4i,in_flight=1i,failed_tuples=1i,rejects=0i"]
             (metrics world))))))

(deftest the-lag-of-an-unpolled-partition-counts-from-its-position
  (let [world (started 0)]
    (ends! world {0 7})
    (next! world)
    (pass! world kafka-batch/metrics-every-ms)
    (is (= ["pipeline,component=tick-spout,task=3 lag=7i,in_flight=0i,failed_tuples=0i,rejects=0i"] (metrics world)))))

(deftest a-reject-is-counted-once-under-its-reason
  (let [world (started 0)
        line #(str "pipeline,component=tick-spout,task=3 lag=1i,in_flight=1i,failed_tuples=0i,rejects=" % "i")]
    (add! world (record 0 0 (byte-array [-1])))
    (ends! world {0 1})
    (next! world)
    (pass! world kafka-batch/metrics-every-ms)
    (pass! world kafka-batch/metrics-every-ms)
    (is (= [(str (line 1) "\npipeline,component=tick-spout,reason=NOT_UTF8,task=3 rejected=1i") (line 0)]
           (metrics world)))))
