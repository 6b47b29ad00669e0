(ns fintank.storm.grouping-test
  (:require [clojure.test :refer [deftest is testing]]
            [fintank.storm.grouping :refer [by-owner]])
  (:import [java.util ArrayList]
           [org.apache.storm.grouping CustomStreamGrouping]
           [org.apache.storm.utils Utils]))

(defn- prepared ^CustomStreamGrouping [grouping target-tasks]
  (doto ^CustomStreamGrouping grouping
    (.prepare nil nil (ArrayList. ^java.util.Collection target-tasks))))

(deftest an-owner-is-the-index-of-a-task-by-its-id
  (let [grouping (prepared (by-owner) [(int 10) (int 9)])]
    (is (= [9] (.chooseTasks grouping 1 (ArrayList. [0 "lines"]))))
    (is (= [10] (.chooseTasks grouping 1 (ArrayList. [1 "lines"]))))))

(deftest an-owner-without-a-task-is-an-error
  (let [grouping (prepared (by-owner) [(int 9)])]
    (is (thrown? IndexOutOfBoundsException (.chooseTasks grouping 1 (ArrayList. [1 "lines"]))))))

(deftest it-survives-serialization-to-a-worker
  (testing "serialized as Storm does it"
    (let [copy (Utils/javaDeserialize (Utils/javaSerialize (by-owner)) CustomStreamGrouping)]
      (is (= [9] (.chooseTasks (prepared copy [(int 9)]) 1 (ArrayList. [0 "lines"])))))))
