(ns fintank.storm.worker-exit-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is testing]]
            [fintank.storm.dsl :as dsl]
            [fintank.storm.worker-exit :as worker-exit])
  (:import [java.lang ProcessBuilder$Redirect]
           [java.nio ByteBuffer]
           [java.util.concurrent TimeUnit]
           [org.apache.storm.hooks BaseWorkerHook]
           [org.apache.storm.utils Utils]))

(def ^:private timeout-s 60)

(def ^:private hanging-hook
  "What ShellBolt does: exit on a thread of a pool whose shutdown hook waits for that thread."
  '(.execute (org.apache.storm.shade.com.google.common.util.concurrent.MoreExecutors/getExitingScheduledExecutorService
              (java.util.concurrent.ScheduledThreadPoolExecutor. 1))
             (fn [] (System/exit 11))))

(defn- exit-status
  "The exit status of another JVM that evaluates these forms; nil if it is still there after a minute."
  [& forms]
  (let [forms (cons '(require 'fintank.storm.worker-exit) forms)
        java (str (System/getProperty "java.home") "/bin/java")
        words [java "-cp" (System/getProperty "java.class.path") "clojure.main"
               "-e" (string/join "\n" (map pr-str forms))]
        ; clojure.main prints the value of each form.
        process (-> (ProcessBuilder. ^"[Ljava.lang.String;" (into-array String words))
                    (.redirectOutput ProcessBuilder$Redirect/DISCARD)
                    (.redirectError ProcessBuilder$Redirect/INHERIT)
                    (.start))]
    (try
      (when (.waitFor process timeout-s TimeUnit/SECONDS)
        (.exitValue process))
      (finally
        (.destroyForcibly process)))))

(defn- hook [mode]
  `(worker-exit/hook-start nil {"storm.cluster.mode" ~mode "supervisor.worker.shutdown.sleep.secs" 1} nil))

(deftest a-worker-whose-shutdown-hangs-is-ended
  (is (= worker-exit/exit-status (exit-status (hook "distributed") hanging-hook '(deref (promise))))))

(deftest a-shutdown-that-does-not-hang-keeps-its-status
  (is (= 11 (exit-status (hook "distributed") '(System/exit 11)))))

(deftest local-mode-is-left-alone
  (is (= 11 (exit-status (hook "local")
                         '(.addShutdownHook (Runtime/getRuntime) (Thread. (fn [] (Thread/sleep 6000))))
                         '(System/exit 11)))))

(defn- is-set-back?
  "Whether a clock that is ahead of the monotonic one by these milliseconds, one after the other, is set back."
  [& ahead-ms]
  (let [left (atom ahead-ms)
        seen (promise)]
    (worker-exit/watch-clock! #(deliver seen true)
                              #(let [[now] @left] (swap! left rest) now)
                              #(when (empty? @left)
                                 (deliver seen false)
                                 (deref (promise))))
    (deref seen 10000 :never)))

(deftest a-clock-that-is-set-back-is-noticed
  (is (true? (is-set-back? 0 -7200000)))
  (is (true? (is-set-back? 0 7200000 7195000)))
  (is (true? (is-set-back? 0 10 -4990)))
  (testing "one that is set on, or slowed down, is not"
    (is (false? (is-set-back? 0 7200000 7200010)))
    (is (false? (is-set-back? 0 -4000 -8000 -12000)))))

(deftest the-topology-starts-the-hook-in-each-worker
  (let [[^ByteBuffer hook] (.get_worker_hooks (dsl/topology {} {}))]
    (is (= "fintank.storm.WorkerExit" (.getName (class (Utils/javaDeserialize (.array hook) BaseWorkerHook)))))))
