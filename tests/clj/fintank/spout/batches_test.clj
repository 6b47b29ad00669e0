(ns fintank.spout.batches-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is testing]]
            [fintank.spout.records :refer [record utf-8]]
            [fintank.spout.batches :as batches])
  (:import [java.security MessageDigest]
           [java.util Base64 HexFormat List]
           [net.minidev.json JSONValue]
           [org.apache.kafka.clients.consumer ConsumerRecord]))

(defn- cut
  "The batches of records that are all there is in their offsets."
  [& records]
  (let [offsets (map #(.offset ^ConsumerRecord %) records)]
    (batches/batches ["ticks" "id" (.partition ^ConsumerRecord (first records))]
                     (first offsets) (inc (last offsets)) records)))

(defn- text-values
  "Topic, partition, offsets and records of the first batch."
  [& records]
  (let [[topic _ partition _ _ offsets texts] (:values (first (apply cut records)))]
    [topic partition offsets texts]))

(defn- bytes-of [& numbers]
  (byte-array (map unchecked-byte numbers)))

(defn- sha256 [^bytes value]
  (.formatHex (HexFormat/of) (.digest (MessageDigest/getInstance "SHA-256") value)))

(defn- reject-of [value]
  (let [[batch] (cut (record 1 7 value))]
    (JSONValue/parse ^String (second (:values batch)))))

(deftest a-poll-of-one-partition-is-one-batch
  (is (= [{:stream "default"
           :values ["ticks" "id" 3 5 7 "5,2,1000" "one\ntwo"]
           :key [5 0]
           :records 2
           :bytes 6}]
         (cut (record 3 5 "one") (record 3 6 "two")))))

(deftest batches-cover-what-was-read-without-a-gap
  (let [large (string/join (repeat 600000 "x"))
        found (batches/batches ["ticks" "id" 0] 3 30 [(record 0 5 large) (record 0 9 large) (record 0 20 "x")])]
    (is (= [[3 9 "5,1,1000"] [9 30 "9,1,1000 20,1,1000"]] (map #(subvec (:values %) 3 6) found)))))

(deftest offsets-without-a-record-are-a-batch-too
  (is (= [{:stream "default" :values ["ticks" "id" 0 7 9 "" ""] :key [7 0] :records 0 :bytes 0}]
         (batches/batches ["ticks" "id" 0] 7 9 (List/of)))))

(deftest a-gap-in-the-offsets-starts-a-new-run
  (is (= "5,2,1000 9,1,1000" (nth (text-values (record 0 5 "a") (record 0 6 "b") (record 0 9 "c")) 2))))

(deftest another-append-time-starts-a-new-run
  (is (= "5,1,1000 6,2,1001"
         (nth (text-values (record 0 5 "a" 1000) (record 0 6 "b" 1001) (record 0 7 "c" 1001)) 2))))

(deftest line-ends-inside-a-record-become-spaces
  (is (= "a b c  d\ne" (nth (text-values (record 0 0 "a\nb\rc\r\nd") (record 0 1 "e")) 3)))
  (testing "what only str.splitlines takes for one stays"
    (is (= "a\u2028b\u0085c" (nth (text-values (record 0 0 "a\u2028b\u0085c")) 3)))))

(deftest an-empty-and-a-null-record-are-empty-lines
  (is (= ["ticks" 0 "0,3,1000" "\n\nx"]
         (text-values (record 0 0 "") (record 0 1 nil) (record 0 2 "x"))))
  (is (= ["ticks" 0 "0,1,1000" ""] (text-values (record 0 0 nil)))))

(deftest any-utf-8-text-is-passed-through
  (doseq [text ["é" "€" "😀" "\u0000" "\uFFFD is a fine character" "\uFEFF"]]
    (is (= text (nth (text-values (record 0 0 text)) 3)))))

(deftest what-is-not-utf-8-is-a-batch-of-its-own-and-leaves-a-gap
  (let [found (cut (record 2 10 "a") (record 2 11 (bytes-of 0x61 0xff)) (record 2 12 "b"))]
    (is (= [["rejects" [11 1] 1 2] ["default" [10 0] 2 2]]
           (map (juxt :stream :key :records :bytes) found)))
    (is (= [10 13 "10,1,1000 12,1,1000"] (subvec (:values (second found)) 3 6)))
    (is (= "ticks-2-11" (first (:values (first found)))))))

(deftest a-reject-names-the-first-byte-that-is-not-utf-8
  (doseq [[bad & numbers] [[0 0xc0 0x80]
                           [1 0x61 0xed 0xa0 0x80]
                           [2 0x61 0x62 0xe2 0x82]
                           [0 0xf5 0x80 0x80 0x80]]]
    (is (= (str "byte " bad " is not UTF-8") (get (reject-of (apply bytes-of numbers)) "detail")))))

(deftest a-reject-has-the-position-and-bytes-of-its-record
  (let [value (bytes-of 0x7b 0xff)
        [batch] (cut (record 1 7 value))]
    (is (= (str "{\"topic\":\"ticks\",\"partition\":1,\"offset\":7,\"reason\":\"NOT_UTF8\","
                "\"detail\":\"byte 1 is not UTF-8\",\"payload\":\"e/8=\",\"payload_bytes\":2,"
                "\"payload_sha256\":\"" (sha256 value) "\"}")
           (second (:values batch))))))

(deftest a-reject-holds-at-most-64-kib-of-the-bytes
  (let [value (byte-array 1000000 (unchecked-byte 0xff))
        reject (reject-of value)]
    (is (= 65536 (alength (.decode (Base64/getDecoder) ^String (get reject "payload")))))
    (is (= 1000000 (get reject "payload_bytes")))
    (is (= (sha256 value) (get reject "payload_sha256")))))

(deftest a-batch-holds-at-most-1-mib-of-records
  (let [line (string/join (repeat 100000 "x"))
        found (apply cut (map #(record 0 % line) (range 25)))]
    (is (= [[[0 0] 10 1000000] [[10 0] 10 1000000] [[20 0] 5 500000]] (map (juxt :key :records :bytes) found)))
    (is (= ["0,10,1000" "10,10,1000" "20,5,1000"] (map #(nth (:values %) 5) found)))))

(deftest a-record-may-be-as-large-as-a-batch
  (let [large (string/join (repeat batches/record-bytes-max "x"))
        found (cut (record 0 0 "a") (record 0 1 large) (record 0 2 "b"))]
    (is (= [["default" [0 0] 1] ["default" [1 0] 1] ["default" [2 0] 1]] (map (juxt :stream :key :records) found)))))

(deftest a-larger-record-is-one-reject-whatever-its-content
  (let [large (inc batches/record-bytes-max)]
    (doseq [value [(string/join (repeat large "x")) (byte-array large (unchecked-byte 0x80))]]
      (is (= [["rejects" [1 1] 1] ["default" [0 0] 2]]
             (map (juxt :stream :key :records)
                  (cut (record 0 0 "a") (record 0 1 value) (record 0 2 "b")))))
      (let [reject (reject-of value)]
        (is (= "TOO_LARGE" (get reject "reason")))
        (is (= "bytes=1048577 limit=1048576" (get reject "detail")))
        (is (= 1048577 (get reject "payload_bytes")))
        (is (= 65536 (alength (.decode (Base64/getDecoder) ^String (get reject "payload")))))))))

(deftest no-offsets-are-no-batches
  (is (= [] (batches/batches ["ticks" "id" 0] 7 7 (List/of)))))

(deftest a-bad-byte-is-found-only-where-there-is-one
  (is (nil? (batches/bad-byte (utf-8 "fine"))))
  (is (nil? (batches/bad-byte (byte-array 0))))
  (is (= 4 (batches/bad-byte (bytes-of 0x66 0x69 0x6e 0x65 0x80)))))
