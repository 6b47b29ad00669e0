(ns fintank.storm.grouping
  "Sends a tuple to the task given by its first field, `owner`: owner i is the i-th task by id.
  Storm's direct grouping does not work from Python."
  (:import [java.io Serializable]
           [java.util Collections List]
           [org.apache.storm.grouping CustomStreamGrouping]))

;; Storm sends it serialized to the workers, where only the class is loaded: it can't use this namespace.
(deftype OwnerGrouping [^:unsynchronized-mutable tasks]
  CustomStreamGrouping
  (prepare [_ _ _ target-tasks]
    (set! tasks (vec (sort target-tasks))))
  (chooseTasks [_ _ values]
    (Collections/singletonList (nth tasks (.get ^List values 0))))
  Serializable)

(defn by-owner
  "The grouping of the by_owner streams."
  ^CustomStreamGrouping []
  (OwnerGrouping. nil))
