(ns fintank.storm.settings-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is]]
            [fintank.storm.settings :as settings])
  (:import [com.fasterxml.jackson.databind ObjectMapper]
           [java.util Map]))

(deftest a-storm-option-wins-over-the-environment-and-that-over-localhost
  (is (= "a:1" (settings/kafka-address {"fintank.kafka" "a:1"} {"FINTANK_KAFKA" "b:2" "FINTANK_HOST" "c"})))
  (is (= "b:2" (settings/kafka-address {} {"FINTANK_KAFKA" "b:2" "FINTANK_HOST" "c"})))
  (is (= "c:9092" (settings/kafka-address {} {"FINTANK_HOST" "c"})))
  (is (= "localhost:9092" (settings/kafka-address {} {}))))

(deftest the-default-port-is-that-of-the-table
  (let [ports ^Map (.readValue (ObjectMapper.) (slurp "src/fintank/ports.json") Map)]
    (is (= (str "localhost:" (get ports "kafka")) (settings/kafka-address {} {})))))

(deftest an-empty-setting-is-ignored
  (is (= "localhost:9092"
         (settings/kafka-address {"fintank.kafka" ""} {"FINTANK_KAFKA" "" "FINTANK_HOST" ""}))))

(deftest addresses-are-checked-as-in-python
  (let [cases ^Map (.readValue (ObjectMapper.) (slurp "tests/addresses.json") Map)]
    (doseq [address (get cases "taken")]
      (is (= (string/replace address " " "") (settings/kafka-address {"fintank.kafka" address} {}))))
    (doseq [address (get cases "refused")]
      (is (thrown-with-msg? IllegalStateException #"FINTANK_KAFKA=.* is not an address"
                            (settings/kafka-address {} {"FINTANK_KAFKA" (str "a:1," address)}))
          (pr-str address)))))

(deftest a-wrong-address-does-not-show-a-password
  (let [text (try (settings/kafka-address {} {"FINTANK_KAFKA" "kafka://fin:p@ss@localhost:9092"})
                  (catch IllegalStateException error (.getMessage error)))]
    (is (string/starts-with? text "FINTANK_KAFKA=\"...@localhost:9092\" is not an address"))))

(deftest a-request-to-one-of-several-brokers-does-not-wait-for-long
  (is (= {"bootstrap.servers" "a:1"} (settings/brokers "a:1")))
  (is (= {"bootstrap.servers" "a:1,b:2" "request.timeout.ms" (str settings/hangs-ms-max)} (settings/brokers "a:1,b:2"))))
