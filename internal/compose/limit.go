package compose

import "github.com/taffrail/taffrail/internal/core"

// Limit puts what a container may use into its compose service. What limits nothing is
// left out.
func Limit(service map[string]any, l core.Limits) {
	for key, value := range map[string]string{
		"mem_limit": l.Memory, "memswap_limit": l.MemorySwap, "mem_reservation": l.MemoryReservation, "cpus": l.CPUs, "cpuset": l.CPUSet,
	} {
		if value != "" && value != "0" {
			service[key] = value
		}
	}
	none := core.DefaultLimits()
	if l.MemorySwappiness != none.MemorySwappiness {
		service["mem_swappiness"] = l.MemorySwappiness
	}
	if l.CPUShares != 0 && l.CPUShares != none.CPUShares {
		service["cpu_shares"] = l.CPUShares
	}
}
