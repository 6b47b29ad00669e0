(ns fintank.local.run
  "Runs a topology in this process on Storm's LocalCluster, and ends it without Storm's error messages."
  (:require [clojure.java.io :as io]
            [clojure.string :as string]
            [fintank.storm.dsl :as dsl]
            [fintank.storm.worker-exit :as worker-exit])
  (:import [java.lang ProcessHandle]
           [java.util Map]
           [java.util.concurrent CompletableFuture TimeUnit]
           [org.apache.logging.log4j Level]
           [org.apache.logging.log4j.core.config Configurator]
           [org.apache.storm LocalCluster LocalCluster$Builder ProcessSimulator]
           [org.apache.storm.generated Bolt StormTopology]
           [sun.misc Signal SignalHandler]))

(defn- say [& words]
  (println (apply str words))
  (flush))

(defn- halt [status]
  (.halt (Runtime/getRuntime) (int status)))

(defn- silence
  "Turns logging off: at the end, Storm logs a stack trace for every Python process that ends before its bolt."
  []
  (Configurator/setAllLevels "" Level/OFF))

(defn- cluster
  "Starts a Storm cluster with one worker in this process; takes some seconds."
  ^LocalCluster []
  (.. (LocalCluster$Builder.)
      (withSupervisors 1)
      (withPortsPerSupervisor 1)
      ;; Local mode turns message timeouts off, and a tuple lost in a bolt would never be replayed.
      (withDaemonConf "topology.enable.message.timeouts" true)
      (withDaemonConf "supervisor.worker.shutdown.sleep.secs" (int 0))
      ;; The topology's files do not change here. By default Storm looks every 30 s, and parses its configuration again
      ;; for each file: an eighth of this JVM's samples in ten seconds.
      (withDaemonConf "supervisor.localizer.update.blob.interval.secs" (int 86400))
      build))

(defn- children []
  (iterator-seq (.iterator (.descendants (ProcessHandle/current)))))

(defn- end-children
  "Ends the remaining Python processes: with SIGTERM, and after 2 s with SIGKILL."
  []
  (let [left (children)
        exits (into-array CompletableFuture (map #(.onExit ^ProcessHandle %) left))]
    (run! #(.destroy ^ProcessHandle %) left)
    (.. (CompletableFuture/allOf exits) (completeOnTimeout nil 2 TimeUnit/SECONDS) join)
    (run! #(.destroyForcibly ^ProcessHandle %) left)))

(defn- on-signals
  "Delivers stop on SIGINT or SIGTERM; a second signal ends the program at once."
  [stop]
  (doseq [signal ["INT" "TERM"]]
    (Signal/handle (Signal. signal)
                   (reify SignalHandler
                     (handle [_ _]
                       (silence)
                       (when-not (deliver stop :signal)
                         (halt 130)))))))

(defn- command-line [^ProcessHandle child]
  (string/join " " (.orElse (.arguments (.info child)) (make-array String 0))))

(defn- watch-bolts
  "Delivers stop when a Python bolt dies: in local mode, Storm would go on without it in a loop of errors."
  [stop watched]
  (into watched
        (for [^ProcessHandle child (children)
              :let [command (command-line child)]
              :when (and (string/includes? command dsl/streamparse-run) (not (watched child)))]
          (do (.thenRun (.onExit child) #(deliver stop {:died command}))
              child))))

(defn- wait-for-worker
  "Waits until Storm has started the worker, or stop is delivered."
  [stop]
  (while (not (or (realized? stop) (seq (ProcessSimulator/getAllProcessHandles))))
    (Thread/sleep 50)))

(defn- python-process-count
  "The number of Python processes of a topology."
  [^StormTopology topology]
  (transduce (comp (filter (fn [^Bolt bolt] (.is_set_shell (.get_bolt_object bolt))))
                   (map (fn [^Bolt bolt] (.get_parallelism_hint (.get_common bolt)))))
             +
             (vals (.get_bolts topology))))

(defn- wait-for-end
  "Waits and returns why to end: :time (after `seconds`, if not 0), :signal, :set-back or {:died command}."
  [stop seconds process-count]
  (let [deadline-ns (+ (System/nanoTime) (* 1e9 seconds))
        poll-ms 500]
    (loop [watched #{}]
      (let [reason (deref stop poll-ms :not-yet)]
        (cond
          (not= reason :not-yet) reason
          (and (pos? seconds) (<= deadline-ns (System/nanoTime))) :time
          ;; Listing all processes of the machine is expensive: done only until every bolt is watched.
          (< (count watched) process-count) (recur (watch-bolts stop watched))
          :else (recur watched))))))

(defn- start
  "Submits a topology to a cluster and waits for its worker."
  [^LocalCluster cluster topology-name topology options stop]
  (.submitTopology cluster ^String topology-name ^Map options ^StormTopology topology)
  (wait-for-worker stop))

(defn- end
  "Closes a cluster, ends the Python processes and the program."
  [^LocalCluster cluster topology-name status]
  (silence)
  (.close cluster)
  (end-children)
  (say topology-name " ended")
  (halt status))

(defn run
  "Runs a topology for some seconds after its worker's start (0: until a signal), then ends the program with
  status 0, or 1 if Storm refused the topology, a bolt died or the clock was set back."
  [topology-name topology options seconds]
  (Configurator/reconfigure (.toURI (io/resource "fintank/log4j2-run.xml")))
  (let [stop (promise)]
    (on-signals stop)
    (worker-exit/watch-clock! #(deliver stop :set-back))
    ;; Storm ends the JVM when its processes end; this delays that, so that a requested end sets the exit status.
    (.addShutdownHook (Runtime/getRuntime) (Thread. #(when (realized? stop) (Thread/sleep 15000))))
    (let [cluster (cluster)]
      (try
        (start cluster topology-name topology options stop)
        (catch Exception problem
          (say topology-name " was refused by Storm: " problem)
          (end cluster topology-name 1)))
      (say topology-name " runs" (if (zero? seconds) "" (str " for " seconds " s")) ": Ctrl-C ends it")
      (let [reason (wait-for-end stop seconds (python-process-count topology))]
        (deliver stop reason)
        (when-let [command (:died reason)]
          (say topology-name " ends because a bolt died, see above: " command))
        (when (= reason :set-back)
          (say topology-name " ends because the clock was set back, and Storm's timers stand still: start it again"))
        (end cluster topology-name (if (#{:time :signal} reason) 0 1))))))
