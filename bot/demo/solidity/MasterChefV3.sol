// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IToken {
    function mint(address to, uint256 value) external;
}

interface IPool {
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint32, bool);
    function lmPool() external view returns (address);
}

interface IManager {
    struct Decrease {
        uint256 tokenId;
        uint128 liquidity;
        uint256 amount0Min;
        uint256 amount1Min;
        uint256 deadline;
    }

    struct Collect {
        uint256 tokenId;
        address recipient;
        uint128 amount0Max;
        uint128 amount1Max;
    }

    function positions(uint256 id)
        external
        view
        returns (uint96, address, address, address, uint24, int24, int24, uint128, uint256, uint256, uint128, uint128);
    function decreaseLiquidity(Decrease calldata params) external returns (uint256, uint256);
    function collect(Collect calldata params) external returns (uint256, uint256);
    function safeTransferFrom(address from, address to, uint256 id) external;
}

/// The liquidity mining of one pool, as the documented one keeps it: reward growth per unit of staked liquidity.
contract LmPool {
    struct Tick {
        uint128 liquidityGross;
        int128 liquidityNet;
        uint256 rewardGrowthOutsideX128;
    }

    IPool public immutable pool;
    MasterChefV3 public immutable masterChef;
    uint256 public rewardGrowthGlobalX128;
    mapping(int24 => Tick) public lmTicks;
    uint128 public lmLiquidity;
    uint32 public lastRewardTimestamp;

    constructor(IPool pool_) {
        (pool, masterChef, lastRewardTimestamp) = (pool_, MasterChefV3(msg.sender), uint32(block.timestamp));
    }

    function accumulateReward(uint32 time) external {
        if (time <= lastRewardTimestamp) return;
        if (lmLiquidity != 0) {
            (uint256 rate, uint256 end) = masterChef.getLatestPeriodInfo(address(pool));
            uint32 until = uint32(end) < time ? uint32(end) : time;
            if (until > lastRewardTimestamp) {
                uint256 perLiquidity = ((uint256(until) - lastRewardTimestamp) * ((rate << 128) / 1e12)) / lmLiquidity;
                unchecked {
                    rewardGrowthGlobalX128 += perLiquidity;
                }
            }
        }
        lastRewardTimestamp = time;
    }

    function crossLmTick(int24 tick, bool zeroForOne) external {
        Tick storage at = lmTicks[tick];
        if (at.liquidityGross == 0) return;
        unchecked {
            at.rewardGrowthOutsideX128 = rewardGrowthGlobalX128 - at.rewardGrowthOutsideX128;
        }
        int128 net = zeroForOne ? -at.liquidityNet : at.liquidityNet;
        lmLiquidity = uint128(int128(lmLiquidity) + net);
    }

    function updatePosition(int24 lower, int24 upper, int128 delta) external {
        (, int24 tick,,,,,) = pool.slot0();
        update(lower, tick, delta, delta);
        update(upper, tick, delta, -delta);
        if (tick >= lower && tick < upper) lmLiquidity = uint128(int128(lmLiquidity) + delta);
    }

    function update(int24 where, int24 tick, int128 delta, int128 net) private {
        Tick storage at = lmTicks[where];
        if (at.liquidityGross == 0 && where <= tick) at.rewardGrowthOutsideX128 = rewardGrowthGlobalX128;
        at.liquidityGross = uint128(int128(at.liquidityGross) + delta);
        at.liquidityNet += net;
        if (at.liquidityGross == 0) delete lmTicks[where];
    }

    function getRewardGrowthInside(int24 lower, int24 upper) external view returns (uint256) {
        (, int24 tick,,,,,) = pool.slot0();
        unchecked {
            uint256 low = lmTicks[lower].rewardGrowthOutsideX128;
            uint256 high = lmTicks[upper].rewardGrowthOutsideX128;
            uint256 below = tick >= lower ? low : rewardGrowthGlobalX128 - low;
            uint256 above = tick < upper ? high : rewardGrowthGlobalX128 - high;
            return rewardGrowthGlobalX128 - below - above;
        }
    }
}

/// The farm of one pool, with the documented one's words and its arithmetic; rewards are minted.
contract MasterChefV3 {
    struct UserPositionInfo {
        uint128 liquidity;
        uint128 boostLiquidity;
        int24 tickLower;
        int24 tickUpper;
        uint256 rewardGrowthInside;
        uint256 reward;
        address user;
        uint256 pid;
        uint256 boostMultiplier;
    }

    IToken public immutable CAKE;
    IManager public immutable nonfungiblePositionManager;
    IPool public pool;
    bool public emergency;
    uint256 public rate; // of reward per second, times 1e12
    uint256 public end;
    uint256 public boost = 1e12; // of the next deposit, 1e12 is none
    mapping(uint256 => UserPositionInfo) public userPositionInfos;
    mapping(address => uint256[]) private held;

    constructor(IToken cake, IManager manager) {
        (CAKE, nonfungiblePositionManager) = (cake, manager);
    }

    function open(IPool pool_) external returns (address) {
        pool = pool_;
        return address(new LmPool(pool_));
    }

    function setPeriod(uint256 rate_, uint256 end_) external {
        lm().accumulateReward(uint32(block.timestamp));
        (rate, end) = (rate_, end_);
    }

    function set(bool emergency_, uint256 boost_) external {
        (emergency, boost) = (emergency_, boost_);
    }

    function getLatestPeriodInfo(address) external view returns (uint256, uint256) {
        return (rate, end);
    }

    function balanceOf(address owner) external view returns (uint256) {
        return held[owner].length;
    }

    function tokenOfOwnerByIndex(address owner, uint256 index) external view returns (uint256) {
        require(index < held[owner].length, "Enumerable: owner index out of bounds");
        return held[owner][index];
    }

    function onERC721Received(address, address from, uint256 id, bytes calldata) external returns (bytes4) {
        require(msg.sender == address(nonfungiblePositionManager), "NotPancakeNFT");
        UserPositionInfo storage info = userPositionInfos[id];
        (,,,,, info.tickLower, info.tickUpper, info.liquidity,,,,) = nonfungiblePositionManager.positions(id);
        (info.user, info.pid, info.boostMultiplier) = (from, 1, boost);
        lm().accumulateReward(uint32(block.timestamp));
        weigh(info);
        held[from].push(id);
        return this.onERC721Received.selector;
    }

    function pendingCake(uint256 id) external view returns (uint256) {
        UserPositionInfo storage info = userPositionInfos[id];
        return info.pid == 0 ? 0 : info.reward + grown(info);
    }

    function harvest(uint256 id, address to) public returns (uint256 reward) {
        UserPositionInfo storage info = userPositionInfos[id];
        require(info.user == msg.sender, "NotOwner");
        reward = keep(info);
        info.reward = 0;
        CAKE.mint(to, reward);
    }

    function withdraw(uint256 id, address to) external returns (uint256 reward) {
        reward = harvest(id, to);
        UserPositionInfo storage info = userPositionInfos[id];
        if (!emergency) lm().updatePosition(info.tickLower, info.tickUpper, -int128(info.boostLiquidity));
        delete userPositionInfos[id];
        uint256[] storage ids = held[msg.sender];
        for (uint256 at = 0; at < ids.length; at++) {
            if (ids[at] == id) {
                ids[at] = ids[ids.length - 1];
                ids.pop();
                break;
            }
        }
        nonfungiblePositionManager.safeTransferFrom(address(this), to, id);
    }

    function decreaseLiquidity(IManager.Decrease calldata params) external returns (uint256 amount0, uint256 amount1) {
        UserPositionInfo storage info = userPositionInfos[params.tokenId];
        require(info.user == msg.sender, "NotOwner");
        (amount0, amount1) = nonfungiblePositionManager.decreaseLiquidity(params);
        info.reward = keep(info);
        weigh2(info, params.tokenId);
    }

    function collect(IManager.Collect calldata params) external returns (uint256, uint256) {
        require(userPositionInfos[params.tokenId].user == msg.sender, "NotOwner");
        return nonfungiblePositionManager.collect(params);
    }

    function weigh2(UserPositionInfo storage info, uint256 id) private {
        (,,,,,,, info.liquidity,,,,) = nonfungiblePositionManager.positions(id);
        weigh(info);
    }

    /// Tell the mining how much the position weighs now.
    function weigh(UserPositionInfo storage info) private {
        uint128 boosted = uint128((uint256(info.liquidity) * info.boostMultiplier) / 1e12);
        lm().updatePosition(info.tickLower, info.tickUpper, int128(boosted) - int128(info.boostLiquidity));
        info.boostLiquidity = boosted;
        info.rewardGrowthInside = lm().getRewardGrowthInside(info.tickLower, info.tickUpper);
    }

    /// Bring the growth up to now and return all that was earned.
    function keep(UserPositionInfo storage info) private returns (uint256 reward) {
        reward = info.reward;
        if (emergency) return reward;
        lm().accumulateReward(uint32(block.timestamp));
        reward += grown(info);
        info.rewardGrowthInside = lm().getRewardGrowthInside(info.tickLower, info.tickUpper);
    }

    function grown(UserPositionInfo storage info) private view returns (uint256) {
        unchecked {
            uint256 delta = lm().getRewardGrowthInside(info.tickLower, info.tickUpper) - info.rewardGrowthInside;
            return (delta * info.boostLiquidity) >> 128;
        }
    }

    function lm() private view returns (LmPool) {
        return LmPool(pool.lmPool());
    }
}
