(ns fintank.storm.settings-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is]]
            [fintank.storm.settings :as settings])
  (:import [com.fasterxml.jackson.databind ObjectMapper]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute PosixFilePermissions]
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

(def account {"FINTANK_KAFKA_USER" "trader" "FINTANK_KAFKA_PASSWORD" "a\"b\\c"})

(deftest without-credentials-there-are-no-options
  (is (= {} (settings/kafka-credentials {}))))

(deftest credentials-are-sasl-plain-with-a-quoted-password
  (let [options (settings/kafka-credentials account)]
    (is (= "SASL_PLAINTEXT" (options "security.protocol")))
    (is (= "PLAIN" (options "sasl.mechanism")))
    (is (string/ends-with? (options "sasl.jaas.config")
                           "required username=\"trader\" password=\"a\\\"b\\\\c\";"))))

(deftest a-certificate-is-tls
  (is (= {"security.protocol" "SSL" "ssl.truststore.type" "PEM" "ssl.truststore.location" "/ca.pem"}
         (settings/kafka-credentials {"FINTANK_KAFKA_CA" "/ca.pem"})))
  (is (= "SASL_SSL" (get (settings/kafka-credentials (assoc account "FINTANK_KAFKA_CA" "/ca.pem"))
                         "security.protocol"))))

(defn- secrets-file [permissions text]
  (let [path (Files/createTempFile "secrets" "" (make-array FileAttribute 0))]
    (spit (.toFile path) text)
    (Files/setPosixFilePermissions path (PosixFilePermissions/fromString permissions))
    (.deleteOnExit (.toFile path))
    (str path)))

(deftest the-secrets-file-supplements-the-environment
  (let [file (secrets-file "rw-------" "# a comment = none\nFINTANK_KAFKA_USER=filed\nFINTANK_KAFKA_PASSWORD=a=b\n")
        jaas (fn [environment] (get (settings/kafka-credentials environment) "sasl.jaas.config"))]
    (is (string/includes? (jaas {"FINTANK_SECRETS" file}) "username=\"filed\" password=\"a=b\""))
    (is (string/includes? (jaas (assoc account "FINTANK_SECRETS" file)) "username=\"trader\""))))

(deftest the-secrets-file-is-read-as-in-python
  (let [cases ^Map (.readValue (ObjectMapper.) (slurp "tests/secrets.json") Map)]
    (doseq [{text "text" name "name" value "value"} (map #(into {} %) (get cases "read"))]
      (let [account (settings/kafka-credentials {"FINTANK_SECRETS" (secrets-file "rw-------" text)})]
        (if (string/starts-with? name "FINTANK_KAFKA")
          (is (string/includes? (get account "sasl.jaas.config") (#'settings/quoted value)) (str name " of " (pr-str text)))
          (is (empty? account) (pr-str text)))))
    (doseq [text (get cases "refused")]
      (is (thrown-with-msg? IllegalStateException #"only lines NAME=VALUE of FINTANK_"
                            (settings/kafka-credentials {"FINTANK_SECRETS" (secrets-file "rw-------" text)}))
          (pr-str text)))))

(deftest a-secrets-file-that-others-can-read-is-refused
  (let [file (secrets-file "rw-r-----" "FINTANK_KAFKA_USER=filed\n")]
    (is (thrown-with-msg? IllegalStateException #"can be read by others"
                          (settings/kafka-credentials {"FINTANK_SECRETS" file})))))
