//! [`Scratch`]: the working memory of a derivation, which may serve the next one as well.
//!
//! Fresh memory costs a fault for each of its pages, in Argon2 about as much as a third of the derivation.

use crate::hash::HashFailure;
use argon2::Block;
use std::hint::black_box;

/// Working memory, empty until a derivation asks for some. Always wiped between two uses.
#[derive(Default)]
pub(crate) struct Scratch {
    blocks: Vec<Block>,
}

impl Scratch {
    /// Memory of so many blocks for one use. What is there is used again where it has just this size: memory can not
    /// be resized without being copied.
    pub(crate) fn with_blocks<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, HashFailure> {
        if self.blocks.len() != count {
            self.blocks = Vec::new();
            self.blocks.try_reserve_exact(count).map_err(|_| HashFailure::Memory)?;
            self.blocks.resize(count, Block::new());
        }
        let done = work(&mut self.blocks);
        self.wipe();
        Ok(done)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A block from the first pass would let a guess be checked without the cost of the function.
    fn wipe(&mut self) {
        self.blocks.fill(Block::new());
        // Whoever might read the memory now must find the zeros: the writes can't be left out.
        black_box(&self.blocks);
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Scratch({} KiB)", self.blocks.len())
    }
}
