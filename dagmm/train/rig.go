package train

// rig is what steps are taken with: networks, and the graphs that compute in their memory.
// Building a graph takes as long as many steps, so trainers with networks of the same shape
// pass a rig on from one to the next.
type rig struct {
	nets   *networks
	graphs map[int]*graph // by batch size
}

func newRig(nets *networks) *rig { return &rig{nets, map[int]*graph{}} }

// graph returns the graph for batches of the given size and builds it on first use.
func (r *rig) graph(cfg *Config, inputs, targets []int, rows int) (*graph, error) {
	g := r.graphs[rows]
	if g == nil {
		var err error
		if g, err = newGraph(r.nets, cfg, inputs, targets, rows); err != nil {
			return nil, err
		}
		r.graphs[rows] = g
	}
	return g, nil
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
