(ns fintank.storm.worker-exit-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is]]
            [fintank.storm.worker-exit :as worker-exit])
  (:import [java.util.concurrent TimeUnit]))

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
        process (.start (.inheritIO (ProcessBuilder. ^"[Ljava.lang.String;" (into-array String words))))]
    (try
      (when (.waitFor process timeout-s TimeUnit/SECONDS)
        (.exitValue process))
      (finally
        (.destroyForcibly process)))))

(defn- bound [mode]
  `(worker-exit/bound-worker-shutdown! {"storm.cluster.mode" ~mode "supervisor.worker.shutdown.sleep.secs" 1}))

(deftest a-worker-whose-shutdown-hangs-is-ended
  (is (= worker-exit/exit-status (exit-status (bound "distributed") hanging-hook '(deref (promise))))))

(deftest a-shutdown-that-does-not-hang-keeps-its-status
  (is (= 11 (exit-status (bound "distributed") (bound "distributed") '(System/exit 11)))))

(deftest local-mode-is-left-alone
  (is (= 11 (exit-status (bound "local")
                         '(.addShutdownHook (Runtime/getRuntime) (Thread. (fn [] (Thread/sleep 6000))))
                         '(System/exit 11)))))
