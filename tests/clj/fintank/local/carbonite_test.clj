(ns fintank.local.carbonite-test
  (:require [clojure.test :refer [deftest is]])
  (:import [org.apache.storm.serialization SerializationFactory]
           [org.apache.storm.utils Utils]))

(deftest storm-can-create-its-serializer
  (is (some? (SerializationFactory/getKryo (Utils/readDefaultConfig)))))
