(ns fintank.spout.tracker-test
  (:require [clojure.test :refer [deftest is testing]]
            [fintank.spout.tracker :as tracker]))

(defn- batch-at [offset records]
  {:key [offset 0] :records records :bytes (* 10 records)})

(defn- with-batches
  "A tracker that polled batches of a partition, of [first-offset records] each."
  [tracker partition position & batches]
  (tracker/polled tracker
                  partition
                  (tracker/identified tracker partition (map #(apply batch-at %) batches))
                  position))

(def ^:private three
  (-> tracker/empty-tracker
      (tracker/assigned {0 0})
      (with-batches 0 30 [0 10] [10 10] [20 10])))

(defn- id [offset]
  [0 1 [offset 0]])

(defn- in-flight [tracker]
  (map #(tracker/in-flight tracker %) [:records :bytes]))

(deftest before-the-first-poll-a-partition-is-done-up-to-where-it-is-read-from
  (is (= {0 4, 1 5} (tracker/to-commit (tracker/assigned tracker/empty-tracker {0 4, 1 5})))))

(deftest a-partition-is-done-up-to-its-first-batch-in-flight
  (is (= {0 0} (tracker/to-commit three)))
  (testing "acks out of order wait for the first"
    (let [later (-> three (tracker/acked (id 20)) (tracker/acked (id 10)))]
      (is (= {0 0} (tracker/to-commit later)))
      (is (= {0 30} (tracker/to-commit (tracker/acked later (id 0))))))))

(deftest with-nothing-in-flight-the-next-offset-to-read-is-committed
  (testing "so a transaction's marker at the end is passed"
    (is (= {0 31} (-> tracker/empty-tracker
                      (tracker/assigned {0 0})
                      (with-batches 0 31 [0 30])
                      (tracker/acked (id 0))
                      tracker/to-commit)))))

(deftest an-unchanged-offset-is-not-committed-again
  (let [done (tracker/committed three {0 0})]
    (is (= {} (tracker/to-commit done)))
    (is (= {0 10} (tracker/to-commit (tracker/acked done (id 0)))))
    (testing "but after a failed commit it is"
      (is (= {0 0} (tracker/to-commit (tracker/committed done {0 nil})))))))

(deftest in-flight-is-counted-in-records-and-bytes
  (is (= [30 300] (in-flight three)))
  (is (= [20 200] (in-flight (tracker/acked three (id 10)))))
  (testing "a second ack counts nothing"
    (is (= [20 200] (in-flight (-> three (tracker/acked (id 10)) (tracker/acked (id 10)))))))
  (testing "a failed batch is still in flight"
    (is (= [30 300] (in-flight (tracker/failed three (id 10) 0))))))

(deftest a-partition-is-full-by-what-it-has-in-flight-itself
  (let [two (-> three (tracker/assigned {1 0}) (with-batches 1 9 [0 9]))]
    (is (= #{0} (tracker/full two 30 1000)))
    (is (= #{0} (tracker/full two 1000 300)))
    (is (= #{0 1} (tracker/full two 9 1000)))
    (is (= #{} (tracker/full two 31 301)))
    (is (= #{} (tracker/full (tracker/acked two (id 0)) 30 300)))))

(deftest a-failed-batch-is-due-after-its-back-off
  (let [failed (tracker/failed three (id 10) 5000)]
    (is (nil? (tracker/due failed 5099)))
    (is (= (id 10) (:id (tracker/due failed 5100))))
    (testing "once"
      (let [again (tracker/emitted-again failed (tracker/due failed 5100))]
        (is (nil? (tracker/due again 99999)))
        (testing "until it fails again"
          (is (= (id 10) (:id (tracker/due (tracker/failed again (id 10) 6000) 6200)))))))))

(deftest the-back-off-doubles-from-100-ms-to-10-s-and-stays-there
  (is (= [100 200 400 800 1600 3200 6400 10000 10000] (map tracker/backoff-ms (range 1 10))))
  (is (= 10000 (tracker/backoff-ms 1000000))))

(deftest the-batch-that-has-been-due-longest-comes-first
  (let [failed (-> three (tracker/failed (id 20) 100) (tracker/failed (id 0) 200))]
    (is (= (id 20) (:id (tracker/due failed 1000))))))

(deftest a-batch-that-is-acked-while-it-waits-is-not-emitted-again
  (let [acked (-> three (tracker/failed (id 0) 0) (tracker/acked (id 0)))]
    (is (nil? (tracker/due acked 99999)))
    (testing "and holds up no other"
      (is (= (id 10) (:id (-> acked (tracker/failed (id 10) 0) (tracker/due 99999))))))))

(deftest a-lost-partition-is-forgotten
  (let [two (-> three
                (tracker/assigned {1 0})
                (with-batches 1 5 [0 5])
                (tracker/failed (id 0) 0)
                (tracker/lost [0]))]
    (is (= [5 50] (in-flight two)))
    (is (= {1 0} (tracker/to-commit two)))
    (is (nil? (tracker/due two 99999)))
    (testing "late acks and fails of it change nothing"
      (is (= two (-> two (tracker/acked (id 0)) (tracker/failed (id 10) 0)))))))

(deftest acks-of-an-earlier-assignment-change-nothing
  (let [won-again (-> three (tracker/lost [0]) (tracker/assigned {0 0}) (with-batches 0 30 [0 30]))]
    (is (= won-again (tracker/acked won-again (id 0))))
    (is (= {0 30} (tracker/to-commit (tracker/acked won-again [0 2 [0 0]]))))))

(deftest a-commit-of-a-lost-partition-is-ignored
  (let [gone (tracker/lost three [0])]
    (is (= gone (tracker/committed gone {0 30})))))
