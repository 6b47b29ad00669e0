(ns fintank.settings
  "Where Kafka is: Storm option > environment > localhost.")

(defn kafka-address
  "host:port of Kafka, of Storm's configuration and the environment (maps of String to String)."
  ([conf] (kafka-address conf (System/getenv)))
  ([conf environment]
   (or (get conf "fintank.kafka")
       (get environment "FINTANK_KAFKA")
       (str (get environment "FINTANK_HOST" "localhost") ":9092"))))
