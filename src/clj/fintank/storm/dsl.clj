(ns fintank.storm.dsl
  "What storm-clojure's DSL lacks: Python bolts, and a bolt that writes to Kafka."
  (:require [fintank.storm.security :as security]
            [fintank.storm.settings :as settings]
            [org.apache.storm.clojure :as storm])
  (:import [java.nio ByteBuffer]
           [java.util Map Properties]
           [org.apache.kafka.clients.producer KafkaProducer]
           [org.apache.storm.clojure RichShellBolt]
           [org.apache.storm.generated Bolt ComponentObject ShellComponent StormTopology]
           [org.apache.storm.kafka.bolt KafkaBolt]
           [org.apache.storm.kafka.bolt.mapper FieldNameBasedTupleToKafkaMapper]
           [org.apache.storm.kafka.bolt.selector DefaultTopicSelector]
           [org.apache.storm.task OutputCollector]
           [org.apache.storm.tuple Tuple]
           [org.apache.storm.utils Utils]))

(def streamparse-run
  "The command of a Python bolt."
  "streamparse_run")

(defn python-bolt
  "A Python bolt of the class \"package.module.Class\"; streams: stream name -> field names."
  [class-name streams]
  (with-meta {:streams streams} {::python-class class-name}))

(defn- rich-bolt [{bolt :obj :as spec}]
  (if-let [class-name (::python-class (meta bolt))]
    (assoc spec :obj (RichShellBolt. (into-array String [streamparse-run class-name])
                                     (org.apache.storm.thrift/mk-output-spec (:streams bolt))))
    spec))

(defn- worker-exit-hook
  "The class exists only once its namespace is compiled."
  []
  (.newInstance (.getConstructor (Class/forName "fintank.storm.WorkerExit") (make-array Class 0))
                (object-array 0)))

(defn topology
  "A StormTopology from two maps, id -> spout-spec and id -> bolt-spec.
  Python bolts become ShellComponents, which streamparse points to the workers' virtualenv. Each worker gets the
  hook fintank.storm.WorkerExit."
  ^StormTopology [spouts bolts]
  (let [^StormTopology built (storm/topology spouts (update-vals bolts rich-bolt))]
    (doseq [[id {bolt :obj}] bolts
            :let [class-name (::python-class (meta bolt))]
            :when class-name]
      (.set_bolt_object ^Bolt (get (.get_bolts built) id)
                        (ComponentObject/shell (ShellComponent. streamparse-run class-name))))
    (.set_worker_hooks built [(ByteBuffer/wrap (Utils/javaSerialize (worker-exit-hook)))])
    built))

(defn- producer-properties ^Properties [conf]
  (doto (Properties.)
    (.putAll (settings/brokers (settings/kafka-address conf)))
    (.put "key.serializer" "org.apache.kafka.common.serialization.StringSerializer")
    (.put "value.serializer" "org.apache.kafka.common.serialization.StringSerializer")
    (.put "acks" "all")
    (.put "enable.idempotence" "true")
    (.put "reconnect.backoff.max.ms" "5000")))

(defn- kafka-bolt
  "A KafkaBolt whose producer gets the credentials separately, because KafkaBolt logs its properties."
  ^KafkaBolt []
  (proxy [KafkaBolt] []
    (mkProducer [properties]
      (KafkaProducer. ^Map (merge (into {} properties) (security/kafka-options))))))

(storm/defbolt kafka-writer {} {:prepare true :params [topic]}
  [conf context collector]
  (let [writer (doto (kafka-bolt)
                 (.withTopicSelector (DefaultTopicSelector. topic))
                 (.withTupleToKafkaMapper (FieldNameBasedTupleToKafkaMapper. "key" "message"))
                 (.withProducerProperties (producer-properties conf))
                 (.prepare ^Map conf context ^OutputCollector (:output-collector collector)))]
    (storm/bolt
     (execute [tuple] (.execute writer ^Tuple tuple))
     (cleanup [] (.cleanup writer)))))
