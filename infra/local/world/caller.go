package world

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// connectionsFile lists the machine's TCP connections, with the socket of each end.
// https://docs.kernel.org/networking/proc_net_tcp.html
const connectionsFile = "/proc/net/tcp"

// canTellCallers says whether this system shows whose a connection is.
func canTellCallers() bool {
	_, err := os.Stat(connectionsFile)
	return err == nil
}

// callerAmong names the process that made a call over loopback; empty when it is none of them.
func callerAmong(r *http.Request, all []hostsim.Process) string {
	ours, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if ours == nil {
		return ""
	}
	socket := socketOf(r.RemoteAddr, ours.String())
	if socket == "" {
		return ""
	}
	for _, p := range all {
		files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.PID), "fd"))
		if err != nil {
			continue // it has gone
		}
		for _, f := range files {
			if link, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(p.PID), "fd", f.Name())); err == nil && link == socket {
				return p.Name
			}
		}
	}
	return ""
}

// socketOf is the socket, as a link in /proc shows it, of the caller's end of a connection; empty where there is none.
func socketOf(caller, called string) string {
	text, err := os.ReadFile(connectionsFile)
	if err != nil {
		return ""
	}
	local, remote := listed(caller), listed(called)
	for line := range strings.Lines(string(text)) {
		// sl local remote state queues timer retransmits uid timeout inode …
		if f := strings.Fields(line); len(f) > 9 && f[1] == local && f[2] == remote {
			return "socket:[" + f[9] + "]"
		}
	}
	return ""
}

// listed is an address as the list of connections has it: the bytes of IPv4 in the machine's order.
func listed(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().Is4() {
		return ""
	}
	ip := at.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), at.Port())
}
