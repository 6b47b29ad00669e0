(ns fintank.settings
  "Where Kafka is: Storm option > environment > localhost.")

(defn kafka-address
  "host:port of Kafka, from Storm's configuration and the environment (of String to String); \"\" is not set."
  ([conf] (kafka-address conf (System/getenv)))
  ([conf environment]
   (or (not-empty (get conf "fintank.kafka"))
       (not-empty (get environment "FINTANK_KAFKA"))
       (str (or (not-empty (get environment "FINTANK_HOST")) "localhost") ":9092"))))
