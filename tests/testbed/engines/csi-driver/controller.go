package main

import (
	"context"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const defaultBytes = 1 << 30

type controller struct {
	csi.UnimplementedControllerServer
	*driver
}

func (c *controller) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	kinds := []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_LIST_VOLUMES,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
	}
	if !c.faults.is("no-list-snapshots") {
		kinds = append(kinds, csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS)
	}
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, each := range kinds {
		answer.Capabilities = append(answer.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: each}},
		})
	}
	return answer, nil
}

func (c *controller) CreateVolume(ctx context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if request.Name == "" {
		return nil, status.Error(codes.InvalidArgument, "a volume needs a name")
	}
	if err := checkCapabilities(request.VolumeCapabilities); err != nil {
		return nil, err
	}
	wanted := record{ID: idOf(volumes, request.Name), Name: request.Name, Bytes: wantedBytes(request.CapacityRange)}
	wanted.Block = isBlock(request.VolumeCapabilities)
	source, err := c.source(request.VolumeContentSource, &wanted)
	if err != nil {
		return nil, err
	}
	if limit := request.CapacityRange.GetLimitBytes(); limit > 0 && wanted.Bytes > limit {
		return nil, status.Errorf(codes.OutOfRange, "%d bytes are needed, at most %d wanted", wanted.Bytes, limit)
	}
	free, err := c.busy.take(wanted.ID)
	if err != nil {
		return nil, err
	}
	defer free()
	if found, err := c.disk.read(volumes, wanted.ID); err == nil {
		return existingVolume(found, wanted, request)
	}
	wanted.Created = time.Now()
	if err := c.make(ctx, "CreateVolume", volumes, wanted, source); err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: volumeOf(wanted, request.VolumeContentSource)}, nil
}

func existingVolume(found, wanted record, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	limit := request.CapacityRange.GetLimitBytes()
	tooLarge := limit > 0 && found.Bytes > limit
	if found.Bytes < wanted.Bytes || tooLarge || found.Snapshot != wanted.Snapshot || found.Clone != wanted.Clone {
		return nil, status.Errorf(codes.AlreadyExists, "volume %s is there, with %d bytes or from another source", found.Name, found.Bytes)
	}
	return &csi.CreateVolumeResponse{Volume: volumeOf(found, request.VolumeContentSource)}, nil
}

// source returns the directory from which a volume is made, and notes it in `wanted`.
// A volume is never smaller than what it is made from.
func (c *controller) source(from *csi.VolumeContentSource, wanted *record) (string, error) {
	if from == nil {
		return "", nil
	}
	k, id := volumes, from.GetVolume().GetVolumeId()
	if from.GetSnapshot() != nil {
		k, id = snapshots, from.GetSnapshot().GetSnapshotId()
		wanted.Snapshot = id
	} else {
		wanted.Clone = id
	}
	found, err := c.disk.read(k, id)
	if err != nil {
		return "", status.Errorf(codes.NotFound, "there is no %s among the %s", id, k)
	}
	wanted.Bytes = max(wanted.Bytes, found.Bytes)
	return c.disk.data(k, id), nil
}

// make makes a thing whole, with the place half-way where faults happen.
func (d *driver) make(ctx context.Context, call string, k kind, wanted record, source string) error {
	if err := d.disk.prepare(wanted, source); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := d.faults.halfWay(ctx, call); err != nil {
		return err
	}
	if err := d.disk.publish(k, wanted.ID); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func (c *controller) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if request.VolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "which volume?")
	}
	return &csi.DeleteVolumeResponse{}, c.remove(volumes, request.VolumeId)
}

func (d *driver) remove(k kind, id string) error {
	free, err := d.busy.take(id)
	if err != nil {
		return err
	}
	defer free()
	if err := d.disk.remove(k, id); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func (c *controller) ValidateVolumeCapabilities(_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if request.VolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "which volume?")
	}
	if len(request.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "which capabilities?")
	}
	if !c.disk.exists(volumes, request.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", request.VolumeId)
	}
	if err := checkCapabilities(request.VolumeCapabilities); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: err.Error()}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
			VolumeContext:      request.VolumeContext,
			VolumeCapabilities: request.VolumeCapabilities,
			Parameters:         request.Parameters,
		},
	}, nil
}

func (c *controller) ListVolumes(_ context.Context, request *csi.ListVolumesRequest) (*csi.ListVolumesResponse, error) {
	found, err := c.disk.list(volumes)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	shown, next, err := page(found, request.StartingToken, request.MaxEntries)
	if err != nil {
		return nil, err
	}
	answer := &csi.ListVolumesResponse{NextToken: next}
	for _, each := range shown {
		answer.Entries = append(answer.Entries, &csi.ListVolumesResponse_Entry{Volume: volumeOf(each, contentSource(each))})
	}
	return answer, nil
}

func volumeOf(r record, source *csi.VolumeContentSource) *csi.Volume {
	return &csi.Volume{VolumeId: r.ID, CapacityBytes: r.Bytes, ContentSource: source}
}

func contentSource(r record) *csi.VolumeContentSource {
	if r.Snapshot != "" {
		from := &csi.VolumeContentSource_SnapshotSource{SnapshotId: r.Snapshot}
		return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{Snapshot: from}}
	}
	if r.Clone != "" {
		from := &csi.VolumeContentSource_VolumeSource{VolumeId: r.Clone}
		return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Volume{Volume: from}}
	}
	return nil
}

func wantedBytes(wanted *csi.CapacityRange) int64 {
	if wanted.GetRequiredBytes() > 0 {
		return wanted.GetRequiredBytes()
	}
	if limit := wanted.GetLimitBytes(); limit > 0 {
		return min(limit, defaultBytes)
	}
	return defaultBytes
}

func checkCapabilities(wanted []*csi.VolumeCapability) error {
	if len(wanted) == 0 {
		return status.Error(codes.InvalidArgument, "a volume needs capabilities")
	}
	return nil
}

func isBlock(wanted []*csi.VolumeCapability) bool {
	for _, each := range wanted {
		if each.GetBlock() != nil {
			return true
		}
	}
	return false
}
