(ns fintank.storm.worker-exit
  "Ends a worker whose shutdown hangs.

  When a Python process stops answering, Storm's ShellBolt calls System.exit on its heartbeat thread. A shutdown hook
  of that thread's pool (Guava's getExitingScheduledExecutorService) then waits up to 120 s for this very thread, which
  waits for the hooks. Storm's own kill, after supervisor.worker.shutdown.sleep.secs, is called off once its other hook
  is done. Without us the worker is gone only when its Supervisor has missed its heartbeats and kills it."
  (:import [java.util Map]))

(def ^:const exit-status
  "The status of Storm's own kill."
  20)

(defn- halt-after [seconds]
  (doto (Thread. #(do (Thread/sleep (long (* 1000 seconds)))
                      (.halt (Runtime/getRuntime) (int exit-status)))
                 "end-hanging-worker")
    (.setDaemon true)
    .start))

(defn bound-shutdown!
  "Bounds the shutdown of this JVM: it ends after these seconds even if a hook still runs."
  [seconds]
  ;; The hook itself returns at once, so that it delays no shutdown.
  (.addShutdownHook (Runtime/getRuntime) (Thread. #(halt-after seconds))))

(def ^:private bounded? (atom false))

(defn bound-worker-shutdown!
  "Bounds the shutdown of a cluster's worker, once a JVM, to 2 s more than Storm allows it."
  [^Map conf]
  (when (and (= "distributed" (.get conf "storm.cluster.mode"))
             (compare-and-set! bounded? false true))
    (bound-shutdown! (+ 2 (.get conf "supervisor.worker.shutdown.sleep.secs")))))
