(ns fintank.storm.settings
  "Where Kafka is, and with which account it is asked: Storm option > environment > localhost.
  The rules for the account are those of src/fintank/adapters/credentials.py."
  (:require [clojure.java.io :as io]
            [clojure.string :as string])
  (:import [java.nio.file Files LinkOption Path]
           [java.nio.file.attribute PosixFilePermission]))

(defn kafka-address
  "host:port of Kafka, from Storm's configuration and the environment (of String to String); \"\" is not set."
  ([conf] (kafka-address conf (System/getenv)))
  ([conf environment]
   (or (not-empty (get conf "fintank.kafka"))
       (not-empty (get environment "FINTANK_KAFKA"))
       (str (or (not-empty (get environment "FINTANK_HOST")) "localhost") ":9092"))))

(def ^:private owners-only
  #{PosixFilePermission/OWNER_READ PosixFilePermission/OWNER_WRITE PosixFilePermission/OWNER_EXECUTE})

(def ^:private names
  #{"FINTANK_KAFKA_USER" "FINTANK_KAFKA_PASSWORD" "FINTANK_INFLUX_USER" "FINTANK_INFLUX_PASSWORD"})

(defn- setting
  "The name and the value of a line NAME=VALUE, also as a shell has it: export NAME=\"VALUE\"."
  [file line]
  (let [[name value] (map string/trim (string/split (string/replace-first line #"^export " "") #"=" 2))]
    (when-not (and value (names name))
      (throw (IllegalStateException. (str "FINTANK_SECRETS=" file ": only lines NAME=VALUE of "
                                          (string/join ", " (sort names)) " are known"))))
    [name (or (last (re-matches #"([\"'])(.*)\1" value)) value)]))

(defn- secrets
  "The lines NAME=VALUE of a file that only its owner may read."
  [file]
  (let [^Path path (.toPath (io/file file))]
    (when-not (every? owners-only (Files/getPosixFilePermissions path (make-array LinkOption 0)))
      (throw (IllegalStateException. (str "FINTANK_SECRETS=" file " can be read by others: chmod 600 it"))))
    (into {}
          (comp (map string/trim)
                (remove #(or (string/blank? %) (string/starts-with? % "#")))
                (map #(setting file %)))
          (string/split-lines (string/replace-first (slurp (.toFile path)) #"^\uFEFF" "")))))

(defn- quoted
  "A value between the double quotes of a JAAS configuration."
  [value]
  (str \" (string/escape value {\\ "\\\\" \" "\\\""}) \"))

(defn kafka-account
  "Kafka's options for the account and the certificate of the environment; none without these."
  ([] (kafka-account (System/getenv)))
  ([environment]
   (let [file (not-empty (get environment "FINTANK_SECRETS"))
         secret (fn [variable] (or (not-empty (get environment variable))
                                   (when file (not-empty (get (secrets file) variable)))))
         user (secret "FINTANK_KAFKA_USER")
         certificate (not-empty (get environment "FINTANK_KAFKA_CA"))]
     (cond-> {}
       (or user certificate)
       (assoc "security.protocol" (str (when user "SASL_") (if certificate "SSL" "PLAINTEXT")))
       certificate
       (assoc "ssl.truststore.type" "PEM" "ssl.truststore.location" certificate)
       user
       (assoc "sasl.mechanism" "PLAIN"
              "sasl.jaas.config"
              (str "org.apache.kafka.common.security.plain.PlainLoginModule required username=" (quoted user)
                   " password=" (quoted (or (secret "FINTANK_KAFKA_PASSWORD") "")) ";"))))))
