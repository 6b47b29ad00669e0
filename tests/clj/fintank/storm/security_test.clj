(ns fintank.storm.security-test
  (:require [clojure.java.shell :refer [sh]]
            [clojure.string :as string]
            [clojure.test :refer [deftest is]]
            [fintank.storm.security :as security])
  (:import [com.fasterxml.jackson.databind ObjectMapper]
           [java.nio.file Files]
           [java.nio.file.attribute FileAttribute PosixFilePermissions]
           [java.util Map]))

(def account {"FINTANK_KAFKA_USER" "trader" "FINTANK_KAFKA_PASSWORD" "a\"b\\c"})

(deftest without-credentials-there-are-no-options
  (is (= {} (security/kafka-options {}))))

(deftest credentials-are-sasl-plain-with-a-quoted-password
  (let [options (security/kafka-options account)]
    (is (= "SASL_PLAINTEXT" (options "security.protocol")))
    (is (= "PLAIN" (options "sasl.mechanism")))
    (is (string/ends-with? (options "sasl.jaas.config")
                           "required username=\"trader\" password=\"a\\\"b\\\\c\";"))))

(def ^:private folder (Files/createTempDirectory "ca" (make-array FileAttribute 0)))

(def ^:private ca
  "The file of a certificate that openssl makes."
  (delay (let [file (str folder "/ca.pem")
               made (sh "openssl" "req" "-x509" "-newkey" "rsa:2048" "-nodes" "-days" "1" "-subj" "/CN=ca"
                        "-keyout" (str folder "/ca.key") "-out" file)]
           (assert (zero? (:exit made)) (:err made))
           file)))

(defn- environment [case]
  (update-vals (into {} (get case "environ")) #(string/replace % "$CA" @ca)))

(deftest protocol-and-mechanism-are-those-of-python
  (let [cases ^Map (.readValue (ObjectMapper.) (slurp "tests/kafka_security.json") Map)]
    (doseq [case (get cases "taken") :let [options (security/kafka-options (environment case))]]
      (is (= (get case "protocol") (get options "security.protocol" "PLAINTEXT")) (str case))
      (is (= (get case "mechanism") (get options "sasl.mechanism" "")) (str case))
      (is (= (get (environment case) "FINTANK_KAFKA_CA") (get options "ssl.truststore.location")) (str case)))
    (doseq [case (get cases "refused")]
      (let [message (try (security/kafka-options (environment case))
                         "taken"
                         (catch IllegalStateException problem (ex-message problem)))]
        (is (string/includes? message (get case "fault")) (str case))))))

(deftest a-certificate-is-pem-and-a-mechanism-has-its-module
  (let [options (security/kafka-options (assoc account "FINTANK_KAFKA_CA" @ca
                                               "FINTANK_KAFKA_SASL_MECHANISM" "SCRAM-SHA-512"))]
    (is (= "PEM" (options "ssl.truststore.type")))
    (is (string/includes? (options "sasl.jaas.config") "security.scram.ScramLoginModule required username="))))

(defn- secrets-file [permissions text]
  (let [path (Files/createTempFile "secrets" "" (make-array FileAttribute 0))]
    (spit (.toFile path) text)
    (Files/setPosixFilePermissions path (PosixFilePermissions/fromString permissions))
    (.deleteOnExit (.toFile path))
    (str path)))

(deftest the-secrets-file-supplements-the-environment
  (let [file (secrets-file "rw-------" "# a comment = none\nFINTANK_KAFKA_USER=filed\nFINTANK_KAFKA_PASSWORD=a=b\n")
        jaas (fn [environment] (get (security/kafka-options environment) "sasl.jaas.config"))]
    (is (string/includes? (jaas {"FINTANK_SECRETS" file}) "username=\"filed\" password=\"a=b\""))
    (is (string/includes? (jaas (assoc account "FINTANK_SECRETS" file)) "username=\"trader\""))))

(deftest the-secrets-file-is-read-as-in-python
  (let [cases ^Map (.readValue (ObjectMapper.) (slurp "tests/secrets.json") Map)]
    (doseq [{text "text" name "name" value "value"} (map #(into {} %) (get cases "read"))]
      (let [account (security/kafka-options {"FINTANK_SECRETS" (secrets-file "rw-------" text)})]
        (if (string/starts-with? name "FINTANK_KAFKA")
          (is (string/includes? (get account "sasl.jaas.config") (#'security/quoted value)) (str name " of " (pr-str text)))
          (is (empty? account) (pr-str text)))))
    (doseq [text (get cases "refused")]
      (is (thrown-with-msg? IllegalStateException #"only lines NAME=VALUE of FINTANK_"
                            (security/kafka-options {"FINTANK_SECRETS" (secrets-file "rw-------" text)}))
          (pr-str text)))))

(deftest a-secrets-file-that-others-can-read-is-refused
  (let [file (secrets-file "rw-r-----" "FINTANK_KAFKA_USER=filed\n")]
    (is (thrown-with-msg? IllegalStateException #"can be read by others"
                          (security/kafka-options {"FINTANK_SECRETS" file})))))
