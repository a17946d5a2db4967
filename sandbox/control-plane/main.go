// Command control-plane is a whole Kubernetes control plane in one program: etcd, API server, controller manager,
// scheduler, kubectl, simulated nodes (kwok), and the part of a cloud (cloud.go). Which of them it is says its name,
// as with busybox, or the first argument. One program shares code that six would each link.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	nodes "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	leases "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	pods "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
)

// The programs by name; each finds its own flags in os.Args.
var programs = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() { os.Exit(cli.Run(controllers.NewControllerManagerCommand())) },
	"kube-scheduler":          func() { os.Exit(cli.Run(scheduler.NewSchedulerCommand())) },
	"kubectl":                 runKubectl,
	"kwok":                    runKwok,
	"cloud":                   func() { os.Exit(cli.Run(newCloudCommand())) },
}

func main() {
	name := filepath.Base(os.Args[0])
	run, known := programs[name]
	if !known && len(os.Args) > 1 {
		name = os.Args[1]
		if run, known = programs[name]; known {
			os.Args = append([]string{name}, os.Args[2:]...)
		}
	}
	if !known {
		fmt.Fprintf(os.Stderr, "%q is none of the programs in here\n", name)
		os.Exit(2)
	}
	run()
}

func runKubectl() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}

// The log of each pod, since no container writes one; in the form of the container runtime interface.
const simulatedLog = "2026-01-01T00:00:00Z stdout F This node is simulated: no container runs here.\n"

const logsConfig = `
kind: ClusterLogs
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: {name: simulated}
spec: {logs: [{logsFile: simulated.log}]}
`

// runKwok gives kwok its own stages for nodes and pods that are ready at once and Jobs that are done at once, in the
// working folder. kwok reads its configuration before it makes its command: the flags that say where come first.
func runKwok() {
	stages := []string{nodes.DefaultNodeInit, leases.DefaultNodeHeartbeatWithLease, pods.DefaultPodReady, pods.DefaultPodComplete, pods.DefaultPodDelete, logsConfig}
	cobra.CheckErr(os.WriteFile("kwok.yaml", []byte(strings.Join(stages, "\n---\n")), 0o600))
	cobra.CheckErr(os.WriteFile("simulated.log", []byte(simulatedLog), 0o600))
	os.Args = append(os.Args, "--config=kwok.yaml")
	// Commands take in the global flags, and the API server's packages have put one there that kwok has, too.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ExitOnError)
	flags := pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := log.InitFlags(context.Background(), flags)
	ctx, err := config.InitFlags(ctx, flags)
	cobra.CheckErr(err)
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	cobra.CheckErr(command.ExecuteContext(ctx))
}
