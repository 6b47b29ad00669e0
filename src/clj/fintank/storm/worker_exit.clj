(ns fintank.storm.worker-exit
  "Ends a worker in which Storm has come to a standstill, so that its Supervisor restarts it.

  A shutdown that hangs: when a Python process stops answering, Storm's ShellBolt calls System.exit on its heartbeat
  thread. A shutdown hook of that thread's pool (Guava's getExitingScheduledExecutorService) then waits up to 120 s
  for this very thread, which waits for the hooks. Storm's own kill, after supervisor.worker.shutdown.sleep.secs, is
  called off once its other hook is done.

  A clock that was set back: Storm's timers (StormTimer) go by the wall clock, and stand still until it is again what
  it was. A worker that was just starting would start no bolt until then; others would replay nothing.

  The class fintank.storm.WorkerExit is a worker hook, which Storm starts before the spouts and bolts."
  (:import [java.util Map]
           [org.slf4j Logger LoggerFactory])
  (:gen-class
   :name fintank.storm.WorkerExit
   :extends org.apache.storm.hooks.BaseWorkerHook
   :prefix "hook-"))

(def ^:private ^Logger log (LoggerFactory/getLogger "fintank.storm.worker-exit"))

(def ^:const exit-status
  "The status of Storm's own kill."
  20)
(def ^:const set-back-ms-min
  "A clock that is set back by less delays Storm's timers no longer than they may be late anyway."
  5000)
(def ^:private ^:const look-every-ms 1000)

(defn- daemon-thread [^String thread-name run]
  (doto (Thread. ^Runnable run thread-name)
    (.setDaemon true)
    .start))

(defn- halt-after [seconds]
  (daemon-thread "end-hanging-worker"
                 #(do (Thread/sleep (long (* 1000 seconds)))
                      (.halt (Runtime/getRuntime) (int exit-status)))))

(defn bound-shutdown!
  "Bounds the shutdown of this JVM: it ends after these seconds even if a hook still runs."
  [seconds]
  ;; The hook itself returns at once, so that it delays no shutdown.
  (.addShutdownHook (Runtime/getRuntime) (Thread. #(halt-after seconds))))

(defn- ahead-ms
  "By how much the wall clock is ahead of the monotonic one."
  []
  (- (System/currentTimeMillis) (quot (System/nanoTime) 1000000)))

(defn watch-clock!
  "Calls on-set-back, once, when the wall clock is set back by set-back-ms-min or more at once. ahead-ms and
  pause are for tests."
  ([on-set-back] (watch-clock! on-set-back ahead-ms #(Thread/sleep (long look-every-ms))))
  ([on-set-back ahead-ms pause]
   (let [first-ms (ahead-ms)]
     (daemon-thread "clock-watch"
                    #(loop [before-ms first-ms]
                       (pause)
                       (let [now-ms (ahead-ms)]
                         (if (<= now-ms (- before-ms set-back-ms-min))
                           (on-set-back)
                           (recur now-ms))))))))

(defn hook-start
  "Watches a cluster's worker. Storm allows its shutdown some seconds; it gets 2 more."
  [_ ^Map conf _]
  (when (= "distributed" (.get conf "storm.cluster.mode"))
    (bound-shutdown! (+ 2 (.get conf "supervisor.worker.shutdown.sleep.secs")))
    (watch-clock! #(do (.error log "The clock was set back, and Storm's timers stand still: this worker ends")
                       (System/exit exit-status)))))
