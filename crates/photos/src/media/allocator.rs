//! How the process returns the memory of pictures to the system.
//!
//! glibc maps a large buffer for itself and unmaps it when it is freed, but raises the size that counts as large with every
//! such buffer, up to 32 MiB. The buffers of later pictures then come from heaps that keep their size: 16 uploads of 50 megapixels
//! peak at 535 MiB instead of 231 MiB within the same budget, and the process stays at 390 MiB instead of 59 MiB.

/// Buffers of at least this many bytes are unmapped when they are freed: rows and variants are smaller, planes are larger.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 1 << 20;

/// Fixes the size from which a buffer is mapped for itself. Called once, at the start of the process; other allocators than
/// glibc's need nothing.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "glibc's only way to set this from inside a process")
)]
pub fn return_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt takes two integers, keeps no pointer, and takes the allocator's own lock.
        let is_set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) } == 1;
        if !is_set {
            tracing::debug!(
                "the allocator keeps its own threshold: the process may stay larger than its pictures need"
            );
        }
    }
}
