#!/bin/sh
# Starts and stops the Request Tracker that lives in this script's directory, and runs Perl against it:
#
#   ctl.sh start PORT | stop | running | perl FILE [ARGUMENT...] | init | copy DIRECTORY PORT
#
# `start` does not wait for the server to answer; `stop` waits until all its processes are gone. `copy` makes another one with
# the same tickets, users and tokens, for a test that stops it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rt=/usr/share/request-tracker5
export RT_SITE_CONFIG="$here/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$here/conf.d"
umask 077

# Tells whether the server is there; one that has ended may be waiting for somebody to ask how.
running() {
  [ -s "$here/pid" ] || return 1
  case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$(cat "$here/pid")/status" 2>/dev/null) in
    "" | Z*) return 1 ;;
  esac
}

case ${1:?start, stop, running, perl, init or copy} in
  running)
    running
    ;;
  init)
    /usr/sbin/rt-setup-database-5 --action init --skip-create --root-password-file "$here/password"
    ;;
  perl)
    shift
    exec perl "-I$rt/lib" "$@"
    ;;
  copy)
    there=${2:?a directory}
    mkdir -p "$there"
    there=$(cd "$there" && pwd)
    mkdir "$there/conf.d" "$there/log" "$there/var" "$there/mason" "$there/session"
    perl -MDBI -e 'DBI->connect("dbi:SQLite:dbname=$ARGV[0]", "", "", { RaiseError => 1 })->sqlite_backup_to_file($ARGV[1])' \
      "$here/rt.sqlite" "$there/rt.sqlite"
    sed -e "s|$here|$there|g" -e "s|WebPort, [0-9]*|WebPort, ${3:?a port}|" "$RT_SITE_CONFIG" >"$there/RT_SiteConfig.pm"
    cp "$here/ctl.sh" "$there/ctl.sh"
    ;;
  start)
    if running; then echo "it runs already" >&2; exit 1; fi
    setsid "$rt/libexec/rt-server" --server Starlet --host 127.0.0.1 --port "${2:?a port}" --max-workers 3 \
      </dev/null >>"$here/log/server.log" 2>&1 &
    echo $! >"$here/pid"
    ;;
  stop)
    [ -s "$here/pid" ] || exit 0
    # The server asks its workers to end, and ends after them. It has ten seconds.
    kill -s TERM "$(cat "$here/pid")" 2>/dev/null || true
    tries=0
    while running && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
    # What is left of its process group, if anything.
    kill -s KILL -- "-$(cat "$here/pid")" 2>/dev/null || true
    rm -f "$here/pid"
    ;;
esac
