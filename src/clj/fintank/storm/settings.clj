(ns fintank.storm.settings
  "Kafka's address and credentials. A Storm option wins over the environment, the environment over the default.
  src/fintank/adapters/credentials.py reads the credentials by the same rules."
  (:require [clojure.java.io :as io]
            [clojure.string :as string])
  (:import [java.net InetAddress UnknownHostException]
           [java.nio.file Files LinkOption Path]
           [java.nio.file.attribute PosixFilePermission]))

(def ^:private host-name
  #"(?=.{1,254}$)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")

(defn- address?
  "Whether text is host:port; an IPv6 address is in brackets, as in [::1]:9092."
  [text]
  (when-let [[_ host port] (re-matches #"(.+):([0-9]{1,5})" text)]
    (and (< 0 (parse-long port) 65536)
         (or (re-matches host-name host)
             (and (re-matches #"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]" host)
                  ;; Only digits and colons, so this never queries DNS.
                  (try (InetAddress/getByName host) (catch UnknownHostException _ nil)))))))

(defn- checked
  [variable value]
  (let [addresses (map string/trim (string/split value #"," -1))]
    (when-not (every? address? addresses)
      (throw (IllegalStateException. (str variable "=" (pr-str value) " is not an address: write host:port, as in "
                                          "localhost:9092 or [::1]:9092, without a scheme such as http://"))))
    (string/join "," addresses)))

(defn kafka-address
  "Kafka's host:port from Storm's configuration and the environment; an empty setting is ignored.
  src/fintank/settings.py has the same rules."
  ([conf] (kafka-address conf (System/getenv)))
  ([conf environment]
   (if-let [option (not-empty (get conf "fintank.kafka"))]
     (checked "fintank.kafka" option)
     (checked "FINTANK_KAFKA" (or (not-empty (get environment "FINTANK_KAFKA"))
                                  (str (or (not-empty (get environment "FINTANK_HOST")) "localhost") ":9092"))))))

(def ^:private owners-only
  #{PosixFilePermission/OWNER_READ PosixFilePermission/OWNER_WRITE PosixFilePermission/OWNER_EXECUTE})

(def ^:private names
  (set (for [of ["KAFKA" "INFLUX" "SINK"], what ["USER" "PASSWORD"]] (str "FINTANK_" of "_" what))))

(defn- trim [text] (string/replace text #"^[ \t]+|[ \t]+\z" ""))

(defn- setting
  "The name and value of a line NAME=VALUE, or in shell syntax: export NAME=\"VALUE\"."
  [file line]
  (let [[name value] (map trim (string/split (string/replace-first line #"^export[ \t]+" "") #"=" 2))]
    (when-not (and value (names name))
      (throw (IllegalStateException. (str "FINTANK_SECRETS=" file ": only lines NAME=VALUE of "
                                          (string/join ", " (sort names)) " are known"))))
    [name (or (last (re-matches #"(?s)([\"'])(.*)\1" value)) value)]))

(defn- secrets
  "The settings in a file of lines NAME=VALUE that only its owner can read."
  [file]
  (let [^Path path (.toPath (io/file file))]
    (when-not (every? owners-only (Files/getPosixFilePermissions path (make-array LinkOption 0)))
      (throw (IllegalStateException. (str "FINTANK_SECRETS=" file " can be read by others: chmod 600 it"))))
    (into {}
          (comp (map trim)
                (remove #(or (= "" %) (string/starts-with? % "#")))
                (map #(setting file %)))
          (string/split (string/replace-first (Files/readString path) #"^\uFEFF" "") #"\r\n|\n|\r"))))

(defn- quoted
  "A value in double quotes, escaped for a JAAS configuration."
  [value]
  (str \" (string/escape value {\\ "\\\\" \" "\\\""}) \"))

(defn kafka-credentials
  "Kafka's client options for the credentials and certificate of the environment; empty without them."
  ([] (kafka-credentials (System/getenv)))
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
