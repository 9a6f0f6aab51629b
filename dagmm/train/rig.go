package train

import "slices"

// rig is what steps are taken with: networks, and the graphs that compute in their memory.
// Building a graph takes as long as many steps, so trainers with networks of the same shape
// pass a rig on from one to the next.
type rig struct {
	nets   *networks
	graphs map[int]objective // by batch size
}

// objective computes the cost of batches of one size and its gradient by the parameters of the
// networks.
type objective interface {
	load(t *trainer, rows []int) // the batch
	run() (LossPoint, error)
	binding() binding
}

func newRig(nets *networks) *rig { return &rig{nets, map[int]objective{}} }

// graph returns the objective for batches of the given size and builds it on first use.
func (r *rig) graph(cfg *Config, inputs, targets []int, rows int) (objective, error) {
	g := r.graphs[rows]
	if g == nil {
		var err error
		if g, err = newObjective(r.nets, cfg, inputs, targets, rows); err != nil {
			return nil, err
		}
		r.graphs[rows] = g
	}
	return g, nil
}

func newObjective(n *networks, cfg *Config, inputs, targets []int, rows int) (objective, error) {
	if cfg.Optimizer.Precision == Float32 {
		return newSingleGraph(n, cfg, slices.Equal(inputs, targets), rows)
	}
	return newGraph(n, cfg, inputs, targets, rows)
}

// mount moves the trainer's networks to a rig that is free, if there is one.
func (t *trainer) mount() {
	if r, ok := t.rigs.take(); ok {
		r.nets.set(t.nets)
		t.rig = r
	}
}

// release leaves the rig to other trainers. The trainer keeps a copy of the networks.
func (t *trainer) release() {
	r := t.rig
	t.rig = newRig(r.nets.clone())
	t.rigs.put(r)
}
