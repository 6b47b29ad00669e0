(ns fintank.storm.security
  "How Kafka's clients in the JVM log in and encrypt, from the environment and the file FINTANK_SECRETS.
  src/fintank/adapters/credentials.py and kafka_security.py have the same rules."
  (:require [clojure.java.io :as io]
            [clojure.string :as string])
  (:import [java.io IOException]
           [java.nio.file Files LinkOption Path]
           [java.nio.file.attribute PosixFilePermission]
           [java.security.cert CertificateException CertificateFactory]))

(def ^:private protocols ["PLAINTEXT" "SSL" "SASL_PLAINTEXT" "SASL_SSL"])

(def ^:private login-modules
  "sasl.mechanism -> the class that logs in."
  (into (array-map "PLAIN" "plain.PlainLoginModule")
        (for [mechanism ["SCRAM-SHA-256" "SCRAM-SHA-512"]] [mechanism "scram.ScramLoginModule"])))

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

(defn- one-of
  "The value of a variable, which must be one of these; default if it is not set."
  [environment variable values default]
  (let [value (or (not-empty (get environment variable)) default)]
    (when-not (some #{value} values)
      (throw (IllegalStateException. (str variable "=" (pr-str value) " is not one of " (string/join ", " values)))))
    value))

(defn- check-certificate!
  [file]
  (try
    (with-open [stream (io/input-stream file)]
      (when (empty? (.generateCertificates (CertificateFactory/getInstance "X.509") stream))
        (throw (CertificateException.))))
    (catch CertificateException _
      (throw (IllegalStateException. (str "FINTANK_KAFKA_CA=" file " is not a certificate in PEM form"))))
    (catch IOException problem
      (throw (IllegalStateException. (str "FINTANK_KAFKA_CA=" file " can't be read: " (ex-message problem)))))))

(defn- check-protocol!
  [protocol user certificate]
  (let [logs-in? (string/starts-with? protocol "SASL")]
    (when-let [fault (cond
                       (and logs-in? (not user)) "needs FINTANK_KAFKA_USER and FINTANK_KAFKA_PASSWORD"
                       (and user (not logs-in?)) "sends no user"
                       (and certificate (not (string/ends-with? protocol "SSL"))) "uses no CA")]
      (throw (IllegalStateException. (str "FINTANK_KAFKA_SECURITY_PROTOCOL=" protocol " " fault))))))

(defn kafka-options
  "The options of Kafka's clients; empty for PLAINTEXT."
  ([] (kafka-options (System/getenv)))
  ([environment]
   (let [file (not-empty (get environment "FINTANK_SECRETS"))
         secret (fn [variable] (or (not-empty (get environment variable))
                                   (when file (not-empty (get (secrets file) variable)))))
         user (secret "FINTANK_KAFKA_USER")
         certificate (not-empty (get environment "FINTANK_KAFKA_CA"))
         protocol (one-of environment "FINTANK_KAFKA_SECURITY_PROTOCOL" protocols
                          (str (when user "SASL_") (if certificate "SSL" "PLAINTEXT")))
         mechanism (one-of environment "FINTANK_KAFKA_SASL_MECHANISM" (keys login-modules) "PLAIN")]
     (check-protocol! protocol user certificate)
     (when certificate
       (check-certificate! certificate))
     (cond-> {}
       (not= protocol "PLAINTEXT")
       (assoc "security.protocol" protocol)
       certificate
       (assoc "ssl.truststore.type" "PEM" "ssl.truststore.location" certificate)
       user
       (assoc "sasl.mechanism" mechanism
              "sasl.jaas.config"
              (str "org.apache.kafka.common.security." (login-modules mechanism) " required username=" (quoted user)
                   " password=" (quoted (or (secret "FINTANK_KAFKA_PASSWORD") "")) ";"))))))
