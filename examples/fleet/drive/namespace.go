package drive

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// namespace is a network namespace of Linux with one link to this machine, which can be set down:
// nobody is told that packets are lost.
type namespace struct {
	name, link string
	port       int
}

// Addresses of the two ends, from a block that is reserved for documentation.
const (
	outerAddress = "198.51.100.1"
	innerAddress = "198.51.100.2"
)

// errNamespace reports that there are no network namespaces here.
var errNamespace = errors.New("no network namespaces here")

func newNamespace(port int) (*namespace, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: they need root", errNamespace)
	}
	id := strconv.Itoa(os.Getpid())
	n := &namespace{name: "fleet" + id, link: "fl" + id + "a", port: port}
	for _, c := range [][]string{
		{"netns", "add", n.name},
		{"link", "add", n.link, "type", "veth", "peer", "name", "fl" + id + "b", "netns", n.name},
		{"addr", "add", outerAddress + "/30", "dev", n.link},
		{"link", "set", n.link, "up"},
		{"-n", n.name, "addr", "add", innerAddress + "/30", "dev", "fl" + id + "b"},
		{"-n", n.name, "link", "set", "fl" + id + "b", "up"},
	} {
		if out, err := exec.Command("ip", c...).CombinedOutput(); err != nil {
			n.close()
			return nil, fmt.Errorf("%w: ip %s: %w: %s", errNamespace, strings.Join(c, " "), err, out)
		}
	}
	return n, nil
}

// within returns the command that runs another one in the namespace.
func (n *namespace) within(command []string) []string {
	return slices.Concat([]string{"ip", "netns", "exec", n.name}, command)
}

func (n *namespace) url() string {
	return "nats://" + net.JoinHostPort(outerAddress, strconv.Itoa(n.port))
}

// set sets the link down or up.
func (n *namespace) set(cut, stalled bool) {
	state := "up"
	if cut || stalled {
		state = "down"
	}
	_ = exec.Command("ip", "link", "set", n.link, state).Run() // the run finds out
}

func (n *namespace) close() {
	_ = exec.Command("ip", "netns", "del", n.name).Run() // takes the link with it
}
