(ns fintank.spout.tracker
  "What a spout has in flight. Pure: every function takes a tracker and returns the next one.

  A batch (see fintank.spout.batches) has the id [partition generation first-offset]. The generation counts
  assignments, so that acks and fails from an earlier assignment of a partition are ignored.

  A tracker is a map:
    :partitions partition -> {:generation, :position, :committed, :batches (sorted: first offset -> batch)}
    :failed     sorted set of [due-ms id]: the batches to be emitted again
    :records, :bytes  in flight, including failed batches
    :generation of the latest assignment")

(def ^:const backoff-first-ms 100)
(def ^:const backoff-max-ms 10000)

(def empty-tracker
  {:partitions {} :failed (sorted-set) :records 0 :bytes 0 :generation 0})

(defn assigned
  "Partitions (numbers) were assigned."
  [tracker partitions]
  (let [generation (inc (:generation tracker))
        fresh {:generation generation :position nil :committed nil :batches (sorted-map)}]
    (-> tracker
        (assoc :generation generation)
        (update :partitions into (map #(vector % fresh)) partitions))))

(defn lost
  "Partitions (numbers) were revoked: drops their batches."
  [tracker partitions]
  (let [gone (set partitions)
        batches (mapcat #(vals (get-in tracker [:partitions % :batches])) gone)]
    (-> tracker
        (update :partitions #(apply dissoc % gone))
        (update :failed (fn [failed] (into (sorted-set) (remove (fn [[_ [p]]] (gone p))) failed)))
        (update :records - (transduce (map :records) + batches))
        (update :bytes - (transduce (map :bytes) + batches)))))

(defn identified
  "The batches of a partition with their ids."
  [tracker partition batches]
  (let [generation (get-in tracker [:partitions partition :generation])]
    (mapv #(assoc % :id [partition generation (:first %)] :fails 0) batches)))

(defn polled
  "Batches with ids were read from a partition, up to position, the next offset to read."
  [tracker partition batches position]
  (-> tracker
      (update-in [:partitions partition :batches] into (map (juxt :first identity)) batches)
      (assoc-in [:partitions partition :position] position)
      (update :records + (transduce (map :records) + batches))
      (update :bytes + (transduce (map :bytes) + batches))))

(defn batch
  "The batch with an id, or nil if it is no longer in flight."
  [tracker [partition generation first-offset]]
  (let [state (get-in tracker [:partitions partition])]
    (when (= generation (:generation state))
      (get-in state [:batches first-offset]))))

(defn acked
  "A batch was acked; ignored if it is not in flight."
  [tracker [partition _ first-offset :as id]]
  (if-let [done (batch tracker id)]
    (-> tracker
        (update-in [:partitions partition :batches] dissoc first-offset)
        (update :failed disj [(:due-ms done) id])
        (update :records - (:records done))
        (update :bytes - (:bytes done)))
    tracker))

(defn backoff-ms
  "How long to wait after the nth failure (from 1): doubles from 100 ms to 10 s."
  [fails]
  (min backoff-max-ms (bit-shift-left backoff-first-ms (min 20 (dec fails)))))

(defn failed
  "A batch failed at now-ms and is due again after its back-off."
  [tracker [partition _ first-offset :as id] now-ms]
  (if-let [{:keys [fails] :as back} (batch tracker id)]
    (let [due-ms (+ now-ms (backoff-ms (inc fails)))]
      (-> tracker
          (update-in [:partitions partition :batches first-offset] assoc :fails (inc fails) :due-ms due-ms)
          (update :failed disj [(:due-ms back) id])
          (update :failed conj [due-ms id])))
    tracker))

(defn due
  "The first batch to emit again, or nil if none is due at now-ms."
  [tracker now-ms]
  (when-let [[due-ms id] (first (:failed tracker))]
    (when (<= due-ms now-ms)
      (batch tracker id))))

(defn emitted-again
  "A due batch was emitted again."
  [tracker {:keys [due-ms id]}]
  (update tracker :failed disj [due-ms id]))

(defn done-to
  "The offset up to which a partition is done: of its first batch in flight, else the next offset to read; nil
  before the first poll."
  [{:keys [batches position]}]
  (if-let [[first-offset] (first batches)]
    first-offset
    position))

(defn to-commit
  "partition -> offset to commit, for the partitions that advanced since the last commit."
  [tracker]
  (into {}
        (for [[partition {:keys [committed] :as state}] (:partitions tracker)
              :let [offset (done-to state)]
              :when (and offset (not= offset committed))]
          [partition offset])))

(defn committed
  "Records a commit (partition -> offset); the offset nil undoes it."
  [tracker offsets]
  (reduce-kv (fn [t partition offset]
               (cond-> t
                 (get-in t [:partitions partition]) (assoc-in [:partitions partition :committed] offset)))
             tracker
             offsets))
