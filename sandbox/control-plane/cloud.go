package main

import (
	"context"
	"log"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli/flag"
)

// Storage classes with this provisioner get volumes that exist on paper only.
const provisioner = "plinth.dev/sandbox"

const provisionedBy = "pv.kubernetes.io/provisioned-by"

// Addresses of balancers: set aside for documentation (RFC 5737), so that no machine is ever reached by mistake.
var pool = netip.MustParsePrefix("198.51.100.0/24")

// cloud does what a cloud does for a cluster: volumes for claims, room for those that grow, addresses for balancers.
type cloud struct {
	client   kubernetes.Interface
	claims   corelisters.PersistentVolumeClaimLister
	volumes  corelisters.PersistentVolumeLister
	services corelisters.ServiceLister
	classes  storagelisters.StorageClassLister
}

func newCloudCommand() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use:   "cloud",
		Short: "Provision volumes and balancer addresses of a simulated cluster",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			return run(command.Context(), client)
		},
	}
	command.SetGlobalNormalizationFunc(flag.WordSepNormalizeFunc)
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the cluster")
	return command
}

func run(ctx context.Context, client kubernetes.Interface) error {
	if ctx == nil {
		ctx = context.Background()
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	claims, volumes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	services, classes := factory.Core().V1().Services(), factory.Storage().V1().StorageClasses()
	c := cloud{client, claims.Lister(), volumes.Lister(), services.Lister(), classes.Lister()}

	changed := make(chan struct{}, 1)
	note := func(any) {
		select {
		case changed <- struct{}{}:
		default: // A round is due already.
		}
	}
	for _, informer := range []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), services.Informer(), classes.Informer()} {
		handlers := cache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, after any) { note(after) }, DeleteFunc: note}
		if _, err := informer.AddEventHandler(handlers); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	// What a conflict has spoilt is put right a moment later.
	again := time.NewTicker(2 * time.Second)
	for {
		for _, round := range []func(context.Context) error{c.provision, c.release, c.address} {
			if err := round(ctx); err != nil && !errors.IsConflict(err) && !errors.IsNotFound(err) {
				log.Print(err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-again.C:
		}
	}
}

// provision makes a volume for each claim that waits for one, and lets claims grow.
func (c cloud) provision(ctx context.Context) error {
	all, err := c.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, claim := range all {
		if claim.DeletionTimestamp != nil || claim.Spec.StorageClassName == nil {
			continue
		}
		class, err := c.classes.Get(*claim.Spec.StorageClassName)
		if err != nil || class.Provisioner != provisioner {
			continue
		}
		if claim.Status.Phase == core.ClaimBound {
			err = c.grow(ctx, claim)
		} else if isWanted(claim, class) {
			_, err = c.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim, class), meta.CreateOptions{})
		}
		if err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// The controller manager has asked for a volume, and the scheduler has chosen a node where the class waits for that.
func isWanted(claim *core.PersistentVolumeClaim, class *storage.StorageClass) bool {
	if claim.Spec.VolumeName != "" || claim.Annotations["volume.kubernetes.io/storage-provisioner"] != provisioner {
		return false
	}
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer
	return !waits || claim.Annotations["volume.kubernetes.io/selected-node"] != ""
}

func volumeFor(claim *core.PersistentVolumeClaim, class *storage.StorageClass) *core.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: core.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			// Simulated nodes mount nothing.
			PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/nowhere/" + name}},
		},
	}
}

func (c cloud) grow(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	wanted := claim.Spec.Resources.Requests[core.ResourceStorage]
	if wanted.Cmp(claim.Status.Capacity[core.ResourceStorage]) <= 0 {
		return nil
	}
	volume, err := c.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return err
	}
	volume = volume.DeepCopy()
	volume.Spec.Capacity[core.ResourceStorage] = wanted
	if _, err := c.client.CoreV1().PersistentVolumes().Update(ctx, volume, meta.UpdateOptions{}); err != nil {
		return err
	}
	claim = claim.DeepCopy()
	claim.Status.Capacity[core.ResourceStorage] = wanted
	claim.Status.Conditions = nil
	_, err = c.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, claim, meta.UpdateOptions{})
	return err
}

// release removes volumes whose claims are gone, where the class says so.
func (c cloud) release(ctx context.Context) error {
	all, err := c.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, volume := range all {
		if volume.Annotations[provisionedBy] != provisioner || volume.Status.Phase != core.VolumeReleased ||
			volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete || volume.DeletionTimestamp != nil {
			continue
		}
		if err := c.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// address gives each balancer an address, the one it asks for or the next free one.
func (c cloud) address(ctx context.Context) error {
	all, err := c.services.List(labels.Everything())
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, service := range all {
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			used[ingress.IP] = true
		}
	}
	for _, service := range all {
		if service.Spec.Type != core.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil ||
			service.DeletionTimestamp != nil || len(service.Status.LoadBalancer.Ingress) > 0 {
			continue
		}
		address := service.Spec.LoadBalancerIP
		for next := pool.Addr().Next(); address == "" && pool.Contains(next); next = next.Next() {
			if !used[next.String()] {
				address = next.String()
			}
		}
		used[address] = true
		service = service.DeepCopy()
		service.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{IP: address}}
		if _, err := c.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, meta.UpdateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
