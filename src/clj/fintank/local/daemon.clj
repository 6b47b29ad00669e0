(ns fintank.local.daemon
  "Runs one of Storm's daemons, and ends it when the clock is set back, so that supervisord restarts it: Storm's timers
  go by the wall clock. Those that were set while it was ahead would stand still until it is there again."
  (:require [fintank.storm.worker-exit :as worker-exit])
  (:import [clojure.lang Reflector]
           [org.slf4j LoggerFactory])
  (:gen-class :name fintank.local.Daemon))

(defn -main
  "Runs the main method of a daemon's class."
  [main-class & arguments]
  (worker-exit/watch-clock!
   #(do (.error (LoggerFactory/getLogger "fintank.local.daemon")
                "The clock was set back, and Storm's timers stand still: this daemon ends")
        (.halt (Runtime/getRuntime) worker-exit/exit-status)))
  (Reflector/invokeStaticMethod ^String main-class "main" (object-array [(into-array String arguments)])))
