(ns order-flow-test
  (:require [clojure.test :refer [deftest is]]
            [order-flow :refer [order-flow]])
  (:import [org.apache.storm.generated Bolt ComponentCommon ComponentObject GlobalStreamId Grouping SpoutSpec
            StormTopology StreamInfo]
           [org.apache.storm.thrift TDeserializer TSerializer]))

(def ^:private ^StormTopology topology
  "The graph after the way through Thrift, as `sparse submit` sends it."
  (let [read-back (StormTopology.)]
    (.deserialize (TDeserializer.) read-back (.serialize (TSerializer.) (order-flow)))
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
  (is (= #{"tick-spout"} (set (keys (.get_spouts topology)))))
  (is (= #{"tick-deserializer" "tick-influxdb-loader" "reject-writer"} (set (keys (.get_bolts topology))))))

(deftest a-spout-emits-batches-and-rejects
  (is (= {"default" ["topic" "partition" "offsets" "records"], "rejects" ["key" "message"]}
         (streams "tick-spout"))))

(deftest the-ticks-of-a-partition-stay-in-order-up-to-the-deserializer
  (is (= {["tick-spout" "default"] ["topic" "partition"]} (inputs "tick-deserializer")))
  (is (= {"default" ["topic" "partition" "offsets" "lines"], "rejects" ["key" "message"]}
         (streams "tick-deserializer"))))

(deftest any-loader-may-write-ticks
  (is (= {["tick-deserializer" "default"] :shuffle} (inputs "tick-influxdb-loader")))
  (is (= {"rejects" ["key" "message"]} (streams "tick-influxdb-loader"))))

(deftest the-rejects-of-all-reach-the-reject-writer
  (is (= (into {}
               (for [id ["tick-spout" "tick-deserializer" "tick-influxdb-loader"]]
                 [[id "rejects"] :shuffle]))
         (inputs "reject-writer")))
  (is (= {} (streams "reject-writer"))))

(deftest python-bolts-are-shell-components-which-streamparse-can-rewrite
  (is (= ["streamparse_run" "fintank.bolts.tick_deserializer.TickDeserializer"] (shell "tick-deserializer")))
  (is (= ["streamparse_run" "fintank.bolts.tick_influxdb_loader.TickInfluxdbLoader"]
         (shell "tick-influxdb-loader")))
  (is (nil? (shell "reject-writer"))))
