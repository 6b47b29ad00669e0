(ns fintank.spout.tracker
  "What a spout has in flight. Pure: every function takes a tracker and returns the next one.

  A batch (see fintank.spout.batches) has the id [partition generation key]. The generation counts
  assignments, so that acks and fails from an earlier assignment of a partition are ignored.

  A tracker is a map:
    :partitions partition -> {:generation, :start, :position, :committed, :records, :bytes,
                              :batches (sorted: key -> batch)}
                start: the first offset read since the assignment; position: the one to be read next;
                records, bytes: in flight, including failed batches
    :failed     sorted set of [due-ms id]: the batches to be emitted again
    :generation of the latest assignment")

(def ^:const backoff-first-ms 100)
(def ^:const backoff-max-ms 10000)

(def empty-tracker
  {:partitions {} :failed (sorted-set) :generation 0})

(defn assigned
  "Partitions were assigned: number -> the offset from which each is read."
  [tracker starts]
  (let [generation (inc (:generation tracker))]
    (-> tracker
        (assoc :generation generation)
        (update :partitions into
                (map (fn [[partition start]]
                       [partition {:generation generation :start start :position start :committed nil
                                   :records 0 :bytes 0 :batches (sorted-map)}]))
                starts))))

(defn lost
  "Partitions (numbers) were revoked: drops their batches."
  [tracker partitions]
  (let [gone (set partitions)]
    (-> tracker
        (update :partitions #(apply dissoc % gone))
        (update :failed (fn [failed] (into (sorted-set) (remove (fn [[_ [p]]] (gone p))) failed))))))

(defn identified
  "The batches of a partition with their ids."
  [tracker partition batches]
  (let [generation (get-in tracker [:partitions partition :generation])]
    (mapv #(assoc % :id [partition generation (:key %)] :fails 0) batches)))

(defn- counted [state sign batches]
  (-> state
      (update :records sign (transduce (map :records) + batches))
      (update :bytes sign (transduce (map :bytes) + batches))))

(defn polled
  "Batches with ids were read from a partition, up to position (the offset to be read next)."
  [tracker partition batches position]
  (update-in tracker [:partitions partition]
             #(-> %
                  (update :batches into (map (juxt :key identity)) batches)
                  (assoc :position position)
                  (counted + batches))))

(defn in-flight
  "How many records, or bytes, are in flight: what is :records or :bytes."
  [tracker what]
  (transduce (map what) + (vals (:partitions tracker))))

(defn full
  "The partitions (a set of numbers) of which no more is to be read until something is acked."
  [tracker records-max bytes-max]
  (into #{}
        (keep (fn [[partition {:keys [records bytes]}]]
                (when (or (<= records-max records) (<= bytes-max bytes)) partition)))
        (:partitions tracker)))

(defn batch
  "The batch of an id, or nil when it is not in flight any more."
  [tracker [partition generation key]]
  (let [state (get-in tracker [:partitions partition])]
    (when (= generation (:generation state))
      (get-in state [:batches key]))))

(defn acked
  "A batch is done; nothing happens when it is not in flight."
  [tracker [partition _ key :as id]]
  (if-let [done (batch tracker id)]
    (-> tracker
        (update-in [:partitions partition] #(-> % (update :batches dissoc key) (counted - [done])))
        (update :failed disj [(:due-ms done) id]))
    tracker))

(defn backoff-ms
  "How long to wait after the nth failure (from 1): doubles from 100 ms to 10 s."
  [fails]
  (min backoff-max-ms (bit-shift-left backoff-first-ms (min 20 (dec fails)))))

(defn failed
  "A batch failed at now-ms: it is due again after its back-off."
  [tracker [partition _ key :as id] now-ms]
  (if-let [{:keys [fails] :as back} (batch tracker id)]
    (let [due-ms (+ now-ms (backoff-ms (inc fails)))]
      (-> tracker
          (update-in [:partitions partition :batches key] assoc :fails (inc fails) :due-ms due-ms)
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
  "The offset of a partition's state up to which all is done: of the first batch in flight, else the one to be
  read next."
  [{:keys [batches position]}]
  (if-let [[[offset]] (first batches)]
    offset
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
