// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity =0.7.6;
pragma abicoder v2;

import "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import "@pancakeswap/v3-core/contracts/libraries/FixedPoint128.sol";
import "@pancakeswap/v3-core/contracts/libraries/FullMath.sol";
import "@pancakeswap/v3-periphery/contracts/base/LiquidityManagement.sol";
import "@pancakeswap/v3-periphery/contracts/base/Multicall.sol";
import "@pancakeswap/v3-periphery/contracts/base/PoolInitializer.sol";
import "@pancakeswap/v3-periphery/contracts/libraries/PositionKey.sol";

/// A manager of positions with the documented interface, words and arithmetic, on the protocol's own periphery code.
contract PancakePositionManager is Multicall, ERC721, PoolInitializer, LiquidityManagement {
    struct Position {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint128 liquidity;
        uint256[2] growth;
        uint128[2] owed;
    }

    struct MintParams {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        address recipient;
        uint256 deadline;
    }

    struct IncreaseParams {
        uint256 tokenId;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        uint256 deadline;
    }

    struct DecreaseParams {
        uint256 tokenId;
        uint128 liquidity;
        uint256 amount0Min;
        uint256 amount1Min;
        uint256 deadline;
    }

    struct CollectParams {
        uint256 tokenId;
        address recipient;
        uint128 amount0Max;
        uint128 amount1Max;
    }

    event IncreaseLiquidity(uint256 indexed tokenId, uint128 liquidity, uint256 amount0, uint256 amount1);
    event DecreaseLiquidity(uint256 indexed tokenId, uint128 liquidity, uint256 amount0, uint256 amount1);
    event Collect(uint256 indexed tokenId, address recipient, uint256 amount0, uint256 amount1);

    mapping(uint256 => Position) private _positions;
    uint256 private _nextId = 1;

    constructor(address deployer_, address factory_, address weth)
        ERC721("Positions", "POS")
        PeripheryImmutableState(deployer_, factory_, weth)
    {}

    modifier authorised(uint256 id) {
        require(_isApprovedOrOwner(msg.sender, id), "Not approved");
        _;
    }

    function positions(uint256 id)
        external
        view
        returns (uint96, address, address, address, uint24, int24, int24, uint128, uint256, uint256, uint128, uint128)
    {
        Position memory p = _positions[id];
        require(p.token0 != address(0), "Invalid token ID");
        return (
            0,
            address(0),
            p.token0,
            p.token1,
            p.fee,
            p.tickLower,
            p.tickUpper,
            p.liquidity,
            p.growth[0],
            p.growth[1],
            p.owed[0],
            p.owed[1]
        );
    }

    function mint(MintParams calldata params)
        external
        payable
        returns (uint256 id, uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        id = _nextId++;
        _mint(params.recipient, id);
        Position storage p = _positions[id];
        (p.token0, p.token1, p.fee) = (params.token0, params.token1, params.fee);
        (p.tickLower, p.tickUpper) = (params.tickLower, params.tickUpper);
        (liquidity, amount0, amount1) = _add(p, id, params.amount0Desired, params.amount1Desired);
    }

    function increaseLiquidity(IncreaseParams calldata params)
        external
        payable
        returns (uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        return _add(_positions[params.tokenId], params.tokenId, params.amount0Desired, params.amount1Desired);
    }

    function decreaseLiquidity(DecreaseParams calldata params)
        external
        payable
        authorised(params.tokenId)
        returns (uint256 amount0, uint256 amount1)
    {
        Position storage p = _positions[params.tokenId];
        require(params.liquidity > 0 && p.liquidity >= params.liquidity);
        (amount0, amount1) = _pool(p).burn(p.tickLower, p.tickUpper, params.liquidity);
        _credit(p, p.liquidity, uint128(amount0), uint128(amount1));
        p.liquidity -= params.liquidity;
        emit DecreaseLiquidity(params.tokenId, params.liquidity, amount0, amount1);
    }

    function collect(CollectParams calldata params)
        external
        payable
        authorised(params.tokenId)
        returns (uint256 amount0, uint256 amount1)
    {
        Position storage p = _positions[params.tokenId];
        if (p.liquidity > 0) {
            _pool(p).burn(p.tickLower, p.tickUpper, 0);
            _credit(p, p.liquidity, 0, 0);
        }
        uint128 wanted0 = params.amount0Max > p.owed[0] ? p.owed[0] : params.amount0Max;
        uint128 wanted1 = params.amount1Max > p.owed[1] ? p.owed[1] : params.amount1Max;
        (amount0, amount1) = _pool(p).collect(params.recipient, p.tickLower, p.tickUpper, wanted0, wanted1);
        p.owed = [p.owed[0] - wanted0, p.owed[1] - wanted1];
        emit Collect(params.tokenId, params.recipient, wanted0, wanted1);
    }

    function burn(uint256 id) external payable authorised(id) {
        Position storage p = _positions[id];
        require(p.liquidity == 0 && p.owed[0] == 0 && p.owed[1] == 0, "Not cleared");
        delete _positions[id];
        _burn(id);
    }

    function _add(Position storage p, uint256 id, uint256 wanted0, uint256 wanted1)
        private
        returns (uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        (liquidity, amount0, amount1, ) = addLiquidity(
            AddLiquidityParams(
                p.token0,
                p.token1,
                p.fee,
                address(this),
                p.tickLower,
                p.tickUpper,
                wanted0,
                wanted1,
                0,
                0
            )
        );
        _credit(p, p.liquidity, 0, 0);
        p.liquidity += liquidity;
        emit IncreaseLiquidity(id, liquidity, amount0, amount1);
    }

    function _credit(Position storage p, uint128 liquidity, uint128 amount0, uint128 amount1) private {
        bytes32 key = PositionKey.compute(address(this), p.tickLower, p.tickUpper);
        (, uint256 growth0, uint256 growth1, , ) = _pool(p).positions(key);
        p.owed[0] += amount0 + uint128(FullMath.mulDiv(growth0 - p.growth[0], liquidity, FixedPoint128.Q128));
        p.owed[1] += amount1 + uint128(FullMath.mulDiv(growth1 - p.growth[1], liquidity, FixedPoint128.Q128));
        p.growth = [growth0, growth1];
    }

    function _pool(Position storage p) private view returns (IPancakeV3Pool) {
        return IPancakeV3Pool(PoolAddress.computeAddress(deployer, PoolAddress.PoolKey(p.token0, p.token1, p.fee)));
    }
}
