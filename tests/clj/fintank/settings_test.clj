(ns fintank.settings-test
  (:require [clojure.test :refer [deftest is]]
            [fintank.settings :as settings]))

(deftest a-storm-option-wins-over-the-environment-and-that-over-localhost
  (is (= "a:1" (settings/kafka-address {"fintank.kafka" "a:1"} {"FINTANK_KAFKA" "b:2" "FINTANK_HOST" "c"})))
  (is (= "b:2" (settings/kafka-address {} {"FINTANK_KAFKA" "b:2" "FINTANK_HOST" "c"})))
  (is (= "c:9092" (settings/kafka-address {} {"FINTANK_HOST" "c"})))
  (is (= "localhost:9092" (settings/kafka-address {} {}))))

(deftest an-empty-setting-is-none
  (is (= "localhost:9092"
         (settings/kafka-address {"fintank.kafka" ""} {"FINTANK_KAFKA" "" "FINTANK_HOST" ""}))))
