// A CSI driver for tests: a volume is a directory, a snapshot a copy of it.
//
// Everything it knows lies in its state folder (disk.go), so a kill at any time
// loses nothing, and a test can look at the data of every volume. Faults are
// files that a test puts into a folder and takes away again (faults.go).
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const version = "1.0.0"

type driver struct {
	name, node string
	disk       *disk
	faults     faults
	busy       busy
}

func main() {
	name := flag.String("name", "directory.testbed.slackwater", "the name of the driver")
	node := flag.String("node", "testbed", "the id of the node on which it runs")
	socket := flag.String("socket", "", "the unix socket on which it serves CSI")
	state := flag.String("state", "", "the folder of volumes and snapshots")
	switches := flag.String("faults", "", "the folder of faults; `faults` in the state folder by default")
	registry := flag.String("registry", "", "the kubelet's folder plugins_registry: with it, the driver registers itself")
	flag.Parse()
	if *socket == "" || *state == "" {
		log.Fatal("-socket and -state are needed")
	}
	if *switches == "" {
		*switches = filepath.Join(*state, "faults")
	}
	storage, err := openDisk(*state)
	if err != nil {
		log.Fatal(err)
	}
	made := &driver{name: *name, node: *node, disk: storage, faults: faults{*switches}}
	if *registry != "" {
		go serveRegistration(filepath.Join(*registry, *name+"-reg.sock"), *name, *socket)
	}
	serveDriver(*socket, made)
}

func serveDriver(socket string, made *driver) {
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(logged, made.faults.intercept))
	csi.RegisterIdentityServer(server, &identity{driver: made})
	csi.RegisterControllerServer(server, &controller{driver: made})
	csi.RegisterGroupControllerServer(server, &groupController{driver: made})
	csi.RegisterNodeServer(server, &node{driver: made})
	log.Printf("%s %s serves %s", made.name, version, socket)
	log.Fatal(server.Serve(listen(socket)))
}

func serveRegistration(socket, name, endpoint string) {
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, &registrar{name: name, endpoint: endpoint})
	log.Fatal(server.Serve(listen(socket)))
}

// listen takes the place of a socket that a killed process has left.
func listen(socket string) net.Listener {
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	return listener
}
