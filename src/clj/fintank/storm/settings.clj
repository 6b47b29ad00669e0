(ns fintank.storm.settings
  "Kafka's address. A Storm option wins over the environment, the environment over the default."
  (:require [clojure.string :as string])
  (:import [java.net InetAddress UnknownHostException]))

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
      ;; What stands before an @ may be a password.
      (throw (IllegalStateException. (str variable "=" (pr-str (string/replace value #".*@" "...@"))
                                          " is not an address: write host:port, as in localhost:9092 or "
                                          "[::1]:9092, without a scheme such as http://"))))
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

(def ^:const hangs-ms-max
  "How long a request to one of several brokers waits: another takes over from one that hangs for 4 s.
  src/fintank/adapters/kafka_security.py has the same."
  3000)

(defn brokers
  "The properties of every Kafka client: the brokers of an address, and how long to wait for one of several."
  [address]
  (cond-> {"bootstrap.servers" address}
    (string/includes? address ",") (assoc "request.timeout.ms" (str hangs-ms-max))))
