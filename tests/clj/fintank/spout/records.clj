(ns fintank.spout.records
  "Makes Kafka records for tests."
  (:import [java.nio.charset StandardCharsets]
           [java.util Optional]
           [org.apache.kafka.clients.consumer ConsumerRecord]
           [org.apache.kafka.common.header.internals RecordHeaders]
           [org.apache.kafka.common.record TimestampType]))

(defn utf-8 ^bytes [^String text]
  (.getBytes text StandardCharsets/UTF_8))

(defn record
  "A ConsumerRecord of the topic ticks; its value is text, bytes or nil."
  ([partition offset value] (record partition offset value 1000))
  ([partition offset value time-ms]
   (let [^bytes value (if (string? value) (utf-8 value) value)]
     (ConsumerRecord. "ticks" (int partition) (long offset) (long time-ms) TimestampType/LOG_APPEND_TIME
                      (int -1) (int (if value (alength value) -1))
                      nil value (RecordHeaders.) (Optional/empty)))))
