"""Chance for many plates at once, drawn on the device where the plates are."""

import torch


class BatchChance:
    """One sequence of random numbers, of whole tensors of them."""

    def __init__(self, device: torch.device, seed: int) -> None:
        """Begin a sequence.

        Args:
            device: Where the numbers are drawn and stay; another device draws other numbers.
            seed: Where the sequence begins.
        """
        self.device = device
        self._generator = torch.Generator(device).manual_seed(seed)
        self._host = torch.Generator().manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Draw numbers between two limits.

        Args:
            low: Least number.
            high: Limit that is not reached.
            *shape: Shape of the result.

        Returns:
            Numbers, float32.
        """
        drawn = torch.rand(shape, device=self.device, generator=self._generator)
        return drawn * (high - low) + low

    def normal(self, spread: float, *shape: int) -> torch.Tensor:
        """Draw normal numbers around zero.

        Args:
            spread: Standard deviation.
            *shape: Shape of the result.

        Returns:
            Numbers, float32.
        """
        return torch.randn(shape, device=self.device, generator=self._generator) * spread

    def happens(self, share: float, count: int) -> torch.Tensor:
        """Decide for each of many plates whether something happens to it.

        Args:
            share: How often it does, 0 to 1.
            count: How many plates.

        Returns:
            Decisions, bool, shape (count,).
        """
        return self.uniform(0, 1, count) < share

    def some(self, share: float, count: int) -> torch.Tensor:
        """Choose the plates that something happens to, always the same number of them.

        A number that chance decides would have to be read back from the device at each step.

        Args:
            share: How many, as a share of all.
            count: How many plates there are.

        Returns:
            Their places, int64, none twice, in random order.
        """
        order = torch.randperm(count, device=self.device, generator=self._generator)
        return order[: round(share * count)]

    def places(self, count: int, among: int) -> torch.Tensor:
        """Choose places, with repetition.

        Args:
            count: How many.
            among: How many places there are.

        Returns:
            Places, int64, from 0 to ``among`` - 1.
        """
        return torch.randint(among, (count,), device=self.device, generator=self._generator)

    def number(self, low: int, high: int) -> int:
        """Draw one number for a whole batch, without asking the device for it.

        Args:
            low: Least number.
            high: Limit that is not reached.

        Returns:
            The number.
        """
        return int(torch.randint(low, high, (), generator=self._host))
