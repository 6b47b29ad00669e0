(ns fintank.storm.grouping
  "Sends a tuple to the task that its first field, `owner`, names: owner i is the i-th task by id.
  Storm's own direct grouping does not work from Python."
  (:import [java.io Serializable]
           [java.util Collections List]
           [org.apache.storm.grouping CustomStreamGrouping]))

;; Storm sends it to the workers serialized; there only its class is loaded, so it uses nothing of this namespace.
(deftype OwnerGrouping [^:unsynchronized-mutable tasks]
  CustomStreamGrouping
  (prepare [_ _ _ target-tasks]
    (set! tasks (vec (sort target-tasks))))
  (chooseTasks [_ _ values]
    (Collections/singletonList (nth tasks (.get ^List values 0))))
  Serializable)

(defn by-owner
  "The grouping of the streams by_owner."
  ^CustomStreamGrouping []
  (OwnerGrouping. nil))
