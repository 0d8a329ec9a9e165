package compose

import (
	"regexp"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

var (
	sizeForm   = regexp.MustCompile(`^(\d+(\.\d+)?[bkmgBKMG]?[bB]?)?$`)
	cpusForm   = regexp.MustCompile(`^(\d{1,4}(\.\d{1,9})?|\.\d{1,9})?$`)
	cpusetForm = regexp.MustCompile(`^(\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)?$`)
)

const (
	maxSize   = 20
	maxCPUSet = 255
	maxShares = 262144
)

// CheckLimits says what is wrong with limits, by the names of fields as clients know them.
// The texts follow on the name of the field.
func CheckLimits(l core.Limits) map[string]string {
	out := map[string]string{}
	for field, value := range map[string]string{
		"limits_memory": l.Memory, "limits_memory_swap": strings.TrimPrefix(l.MemorySwap, "-1"), "limits_memory_reservation": l.MemoryReservation,
	} {
		if !sizeForm.MatchString(value) || len(value) > maxSize {
			out[field] = "must be a size as Docker takes it, like 512m or 2g; 0 is no limit."
		}
	}
	if limits(l.MemorySwap) && !limits(l.Memory) {
		out["limits_memory_swap"] = "needs limits_memory: it is how much memory and swap there may be together."
	}
	if l.MemorySwappiness < 0 || l.MemorySwappiness > 100 {
		out["limits_memory_swappiness"] = "must be between 0 and 100."
	}
	if !cpusForm.MatchString(l.CPUs) {
		out["limits_cpus"] = "must be a number of processors, like 0.5; 0 is no limit."
	}
	if !cpusetForm.MatchString(l.CPUSet) || len(l.CPUSet) > maxCPUSet {
		out["limits_cpuset"] = "must be a list of processors, like 0-2,4."
	}
	if l.CPUShares < 0 || l.CPUShares > maxShares {
		out["limits_cpu_shares"] = "must be between 0 and 262144."
	}
	return out
}

// limits says whether a limit limits anything.
func limits(limit string) bool { return limit != "" && limit != "0" }
