(ns fintank.spout.batches
  "Splits the records of one poll of one partition into batches, each emitted, acked and failed as one tuple.

  A batch is a map:
    :stream  \"default\" or \"rejects\"
    :values  the tuple's values
    :key     [offset 0] or, if bound for rejects, [offset 1]: unique in the partition, in the order of offsets
    :records number of records
    :bytes   size of the records
    :reason  why it goes to rejects
  The batches of text cover the partition without a gap: each names its first offset and the next batch's first.
  Offsets between them may hold no record, a transaction's marker, or a record that is a batch of its own, bound
  for rejects, because it is not UTF-8 or too large."
  (:import [java.nio ByteBuffer CharBuffer]
           [java.nio.charset CodingErrorAction StandardCharsets]
           [java.security MessageDigest]
           [java.util ArrayList Arrays Base64 HexFormat List]
           [net.minidev.json JSONStyle JSONValue]
           [org.apache.kafka.clients.consumer ConsumerRecord]))

(def ^:const batch-bytes-max (* 1024 1024))
;; max.message.bytes limits the compressed size, so an uncompressed record can be of any size.
(def ^:const record-bytes-max (* 1024 1024))
(def ^:const reject-payload-bytes-max 65536)

(defn bad-byte
  "The index of the first byte that is not UTF-8, or nil."
  [^bytes value]
  (let [decoder (doto (.newDecoder StandardCharsets/UTF_8)
                  (.onMalformedInput CodingErrorAction/REPORT)
                  (.onUnmappableCharacter CodingErrorAction/REPORT))
        input (ByteBuffer/wrap value)
        result (.decode decoder input (CharBuffer/allocate (alength value)) true)]
    (when (.isError result)
      (.position input))))

(defn text
  "A record's value as one line (CR and LF become spaces), or nil if it is not UTF-8; null is an empty line."
  ^String [^bytes value]
  (if (nil? value)
    ""
    ;; The JDK's decoder is fast, but it replaces bad bytes with U+FFFD, which may also be in the text.
    (let [decoded (String. value StandardCharsets/UTF_8)]
      (when-not (and (<= 0 (.indexOf decoded 0xFFFD)) (bad-byte value))
        (if (or (<= 0 (.indexOf decoded 10)) (<= 0 (.indexOf decoded 13)))
          (.replace (.replace decoded \newline \space) \return \space)
          decoded)))))

(defn- size ^long [^ConsumerRecord record]
  (max 0 (.serializedValueSize record)))

(defn reject-message
  "The JSON text of a reject, with at most 64 KiB of the record as base64."
  [^ConsumerRecord record reason detail]
  (let [^bytes value (.value record)
        payload (Arrays/copyOf value (int (min (alength value) reject-payload-bytes-max)))
        digest (.digest (MessageDigest/getInstance "SHA-256") value)]
    (JSONValue/toJSONString (array-map "topic" (.topic record)
                                       "partition" (.partition record)
                                       "offset" (.offset record)
                                       "reason" reason
                                       "detail" detail
                                       "payload" (.encodeToString (Base64/getEncoder) payload)
                                       "payload_bytes" (alength value)
                                       "payload_sha256" (.formatHex (HexFormat/of) digest))
                            JSONStyle/LT_COMPRESS)))

(defn- reject-batch [^ConsumerRecord record reason detail]
  (let [offset (.offset record)]
    {:stream "rejects"
     :reason reason
     :values [(str (.topic record) "-" (.partition record) "-" offset) (reject-message record reason detail)]
     :key [offset 1]
     :records 1
     :bytes (size record)}))

(defn- rejected
  "The reject batch of a record, or nil if it is good; line is its text, nil if it is not UTF-8."
  [^ConsumerRecord record line]
  (cond
    (> (size record) record-bytes-max)
    (reject-batch record "TOO_LARGE" (str "bytes=" (size record) " limit=" record-bytes-max))
    (nil? line) (reject-batch record "NOT_UTF8" (str "byte " (bad-byte (.value record)) " is not UTF-8"))))

(defn- runs
  "Offset runs as text: `first,count,append_ms` for consecutive offsets with equal append times."
  ^String [^List records]
  (let [out (StringBuilder.)
        write-run (fn [^long start ^long end ^long time-ms]
                    (doto out
                      (.append start) (.append \,)
                      (.append (- end start)) (.append \,)
                      (.append time-ms)))
        ^ConsumerRecord head (.get records 0)
        record-count (.size records)]
    (loop [i 1, start (.offset head), end (inc (.offset head)), time-ms (.timestamp head)]
      (if (= i record-count)
        (write-run start end time-ms)
        (let [^ConsumerRecord record (.get records i)
              offset (.offset record)]
          (if (and (= offset end) (= time-ms (.timestamp record)))
            (recur (inc i) start (inc offset) time-ms)
            (do (write-run start end time-ms)
                (.append out \space)
                (recur (inc i) offset (inc offset) (.timestamp record)))))))
    (.toString out)))

(defn- text-batch [[topic topic-id partition] first-offset next-offset ^List records ^List texts byte-count]
  {:stream "default"
   :values [topic topic-id partition first-offset next-offset
            (if (.isEmpty records) "" (runs records))
            (String/join "\n" texts)]
   :key [first-offset 0]
   :records (.size records)
   :bytes byte-count})

(defn batches
  "The batches of the offsets from first-offset to next-offset - 1 of a place [topic topic-id partition], whose records
  (of ConsumerRecord, in the order of their offsets) these are. A batch of text holds at most 1 MiB of records."
  [place ^long first-offset ^long next-offset ^List records]
  (let [record-count (.size records)]
    (loop [i 0, start first-offset, good (ArrayList.), texts (ArrayList.), byte-count 0, done []]
      (if (= i record-count)
        (if (= start next-offset)
          done
          (conj done (text-batch place start next-offset good texts byte-count)))
        (let [^ConsumerRecord record (.get records i)
              line (text (.value record))
              together (+ byte-count (size record))]
          (if-let [batch (rejected record line)]
            (recur (inc i) start good texts byte-count (conj done batch))
            (if (and (> together batch-bytes-max) (not (.isEmpty good)))
              (let [end (.offset record)]
                (recur i end (ArrayList.) (ArrayList.) 0
                       (conj done (text-batch place start end good texts byte-count))))
              (do (.add good record)
                  (.add texts line)
                  (recur (inc i) start good texts together done)))))))))
