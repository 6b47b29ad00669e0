(ns fintank.local.carbonite-test
  (:require [clojure.test :refer [deftest is]])
  (:import [org.apache.storm.serialization SerializationFactory]
           [org.apache.storm.utils Utils]))

(deftest storm-finds-all-it-needs-to-serialize-tuples
  (is (some? (SerializationFactory/getKryo (Utils/readDefaultConfig)))))
