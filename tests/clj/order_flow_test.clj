(ns order-flow-test
  (:require [clojure.test :refer [deftest is]]
            [order-flow :refer [order-flow]])
  (:import [net.minidev.json JSONValue]
           [org.apache.storm.generated Bolt ComponentCommon ComponentObject GlobalStreamId Grouping SpoutSpec
            StormTopology StreamInfo]
           [org.apache.storm.thrift TDeserializer TSerializer]))

(def ^:private ^StormTopology topology
  "The topology after a round trip through Thrift, as `sparse submit` sends it."
  (let [read-back (StormTopology.)]
    (.deserialize (TDeserializer.) read-back (.serialize (TSerializer.) (order-flow {"rule-engine" 3})))
    read-back))

(defn- common
  ^ComponentCommon [id]
  (if-let [bolt (get (.get_bolts topology) id)]
    (.get_common ^Bolt bolt)
    (.get_common ^SpoutSpec (get (.get_spouts topology) id))))

(defn- streams [id]
  (update-vals (into {} (.get_streams (common id)))
               #(vec (.get_output_fields ^StreamInfo %))))

(defn- grouping [^Grouping grouping]
  (if (.is_set_fields grouping)
    (vec (.get_fields grouping))
    (keyword (.getFieldName (.getSetField grouping)))))

(defn- inputs [id]
  (into {}
        (for [[^GlobalStreamId from how] (.get_inputs (common id))]
          [[(.get_componentId from) (.get_streamId from)] (grouping how)])))

(defn- shell [id]
  (let [^ComponentObject object (.get_bolt_object ^Bolt (get (.get_bolts topology) id))]
    (when (.is_set_shell object)
      [(.get_execution_command (.get_shell object)) (.get_script (.get_shell object))])))

(deftest the-graph-has-these-components
  (is (= #{"tick-spout" "order-spout" "execution-spout" "fill-spout"} (set (keys (.get_spouts topology)))))
  (is (= #{"tick-deserializer" "tick-influxdb-loader"
           "order-deserializer" "order-influxdb-loader"
           "component-order-creator" "component-order-influxdb-loader"
           "rule-engine"
           "execution-deserializer" "execution-influxdb-loader"
           "fill-deserializer" "fill-influxdb-loader"
           "reject-writer"}
         (set (keys (.get_bolts topology))))))

(def ^:private lines ["topic" "partition" "offsets" "lines" "appended"])
(def ^:private rejects ["key" "message"])
(def ^:private log-ends ["topic" "topic_id" "clock" "asked_ms" "appended_ms" "caught_up" "ends" "cuts" "full"])

(deftest a-spout-emits-batches-and-rejects
  (doseq [id ["tick-spout" "order-spout" "execution-spout" "fill-spout"]]
    (is (= {"default" ["topic" "topic_id" "partition" "first" "next" "offsets" "records"]
            "rejects" rejects
            "log_ends" log-ends
            "pipeline" ["lines"]}
           (streams id)))))

(deftest the-records-of-a-partition-stay-in-order-up-to-the-rule-engine
  (doseq [[spout deserializer] {"tick-spout" "tick-deserializer"
                                "order-spout" "order-deserializer"
                                "execution-spout" "execution-deserializer"
                                "fill-spout" "fill-deserializer"}]
    (is (= {[spout "default"] ["topic" "partition"]} (inputs deserializer))))
  (is (= {["order-deserializer" "orders"] ["topic" "partition"]} (inputs "component-order-creator"))))

(deftest these-are-the-streams
  (is (= {"default" lines
          "by_owner" ["owner" "topic" "topic_id" "partition" "first" "next" "appended" "ticks"]
          "rejects" rejects}
         (streams "tick-deserializer")))
  (is (= {"default" lines
          "orders" ["topic" "topic_id" "partition" "first" "next" "appended" "orders"]
          "rejects" rejects}
         (streams "order-deserializer")))
  (is (= {"default" lines, "by_owner" ["owner" "topic" "topic_id" "partition" "first" "next" "appended" "orders"]}
         (streams "component-order-creator")))
  (is (= {} (streams "rule-engine")))
  (is (= {"default" lines, "rejects" rejects} (streams "execution-deserializer") (streams "fill-deserializer"))))

(deftest ticks-and-orders-of-a-symbol-reach-the-one-task-that-owns-it
  (is (= {["tick-deserializer" "by_owner"] :custom_serialized
          ["component-order-creator" "by_owner"] :custom_serialized
          ["tick-spout" "log_ends"] :all
          ["order-spout" "log_ends"] :all}
         (inputs "rule-engine"))))

(deftest the-rule-engine-has-two-tasks-and-a-tick-every-second
  (is (= [3 1] (map #(.get_parallelism_hint (common %)) ["rule-engine" "tick-spout"])))
  (is (= {"topology.tick.tuple.freq.secs" 1}
         (JSONValue/parse ^String (.get_json_conf (common "rule-engine"))))))

(deftest any-loader-may-write-points
  (doseq [[from loader] {"tick-deserializer" "tick-influxdb-loader"
                         "order-deserializer" "order-influxdb-loader"
                         "component-order-creator" "component-order-influxdb-loader"
                         "execution-deserializer" "execution-influxdb-loader"
                         "fill-deserializer" "fill-influxdb-loader"}]
    (is (= :shuffle (get (inputs loader) [from "default"])))
    (is (= {"rejects" rejects} (streams loader)))))

(deftest the-metrics-of-a-spout-go-to-the-loader-of-its-topic
  (doseq [topic ["tick" "order" "execution" "fill"]]
    (is (= {[(str topic "-deserializer") "default"] :shuffle, [(str topic "-spout") "pipeline"] :shuffle}
           (inputs (str topic "-influxdb-loader"))))))

(deftest every-stream-of-rejects-reaches-the-reject-writer
  (is (= (into {}
               (for [id (concat (keys (.get_spouts topology)) (keys (.get_bolts topology)))
                     :when (get (streams id) "rejects")]
                 [[id "rejects"] :shuffle]))
         (inputs "reject-writer")))
  (is (= {} (streams "reject-writer"))))

(deftest python-bolts-are-shell-components-that-streamparse-can-rewrite
  (is (= ["streamparse_run" "fintank.bolts.rule_engine.RuleEngine"] (shell "rule-engine")))
  (doseq [id (keys (.get_bolts topology))
          :when (not= id "reject-writer")]
    (is (= "streamparse_run" (first (shell id)))))
  (is (nil? (shell "reject-writer"))))
